"""This process's connection to a Ray cluster, and how its loss is noticed before Ray does.

Ray ends a driver's process a minute after the cluster's head is gone, and at once where it asks a
head that was started anew about the nodes of the old one. So the ports of the head and of this
process's own node are looked at from outside Ray, and a connection once lost stays lost.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nas.errors import ClusterLostError
from workers.background import alongside

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_LOOKS = 3
"""How often in a row a port must be closed for its process to be gone."""

Endpoint = tuple[str, int]


class Connection:
    """The ports of the head and of this process's own node, and whether they still answer."""

    def __init__(self, head: Endpoint, node: Endpoint) -> None:
        self._endpoints = {"its head": head, "this machine's node": node}
        self._address = f"{head[0]}:{head[1]}"
        self._lost = threading.Event()

    @classmethod
    def of_this_process(cls) -> Connection:
        """Look up the ports; to be called once Ray is connected."""
        import ray

        context = ray.get_runtime_context()
        node_id = context.get_node_id()
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        node = next(each for each in nodes if each["NodeID"] == node_id)
        host, _, port = context.gcs_address.rpartition(":")
        return cls(
            (host.strip("[]"), int(port)), (node["NodeManagerAddress"], node["NodeManagerPort"])
        )

    @property
    def is_lost(self) -> bool:
        """Whether it has been noticed that the cluster is lost."""
        return self._lost.is_set()

    def require(self) -> None:
        """Look whether the cluster is there.

        Raises:
            ClusterLostError: It is not, or was not once before.
        """
        for name, endpoint in self._endpoints.items():
            if self.is_lost or not _answers(endpoint):
                self._lost.set()
                raise ClusterLostError(
                    f"the Ray cluster at {self._address} is lost: {name} does not answer"
                )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again, in a thread of its own, for as long as the block lasts."""

        def look(ended: threading.Event) -> None:
            while not (self.is_lost or ended.wait(_LOOK_SECONDS)):
                try:
                    self.require()
                except ClusterLostError as error:
                    _LOG.warning("%s", error)

        with alongside(look, name="cluster-watch"):
            yield


def _answers(endpoint: Endpoint) -> bool:
    for look in range(_LOOKS):
        if look:
            time.sleep(_LOOK_SECONDS / 2)
        try:
            socket.create_connection(endpoint, _ANSWER_SECONDS).close()
        except OSError:
            continue
        return True
    return False
