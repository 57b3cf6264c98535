from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

import workers.connection as connection_module
from nas.errors import ClusterLostError
from workers.connection import Connection


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Two ports of this machine that answer until they are closed."""
    monkeypatch.setattr(connection_module, "_LOOK_SECONDS", 0.05)
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield listening
    for each in listening:
        each.close()


def connect(ports: list[socket.socket]) -> Connection:
    head, node = (each.getsockname() for each in ports)
    return Connection(head, node)


@pytest.mark.parametrize(("closed", "named"), [(0, "its head"), (1, "this machine's node")])
def test_cluster_is_lost_with_its_head_or_ones_own_node_and_stays_lost(ports, closed, named):
    connection = connect(ports)
    connection.require()
    assert not connection.is_lost
    address = ports[closed].getsockname()
    ports[closed].close()
    with pytest.raises(ClusterLostError, match=f"is lost: {named} does not answer"):
        connection.require()
    ports[closed] = socket.create_server(address)  # another cluster's, on the same port
    with pytest.raises(ClusterLostError):
        connection.require()


def test_loss_is_noticed_while_a_job_runs(ports, caplog):
    connection = connect(ports)
    with connection.watched():
        ports[1].close()
        deadline = time.monotonic() + 20
        while not connection.is_lost and time.monotonic() < deadline:
            time.sleep(0.01)
    assert connection.is_lost
    assert "this machine's node does not answer" in caplog.text
