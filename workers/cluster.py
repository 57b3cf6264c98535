"""Joining a Ray cluster, or starting one in this process, and what nodes it has."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nas.errors import ClusterUnavailableError
from workers.connection import Connection

_QUIET = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # trials are recorded in our database instead
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours, see workers.runner
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",  # the database is what a job resumes from
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_THRESHOLD_S": "60",
}

_CONNECT_SECONDS = 5.0
"""Ray itself tries an address where nothing listens for half a minute."""

_connection: Connection | None = None
"""Ray is a process's only one, and so is this."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster, and what it offers when nothing runs on it."""

    node_id: str
    cpus: float
    gpus: float


def ensure_ray(address: str | None) -> None:
    """Connect this process to the cluster at `address`, or start one on all cores if None.

    Does nothing where the process is connected already.

    Raises:
        ClusterUnavailableError: Nothing answers at the address, this machine is not a node of its
            cluster, or Ray or Python are of another version there.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    global _connection
    if ray.is_initialized():
        _connection = _connection or Connection.of_this_process()
        return
    if address is not None and address != "auto":
        _require_listener(address)
    try:
        with _signal_handlers_kept():
            ray.init(
                # Left out, Ray would join whatever cluster was last started on this machine.
                address=address or "local",
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        if address is None:
            raise
        raise ClusterUnavailableError(
            f"--ray-address: cannot join the Ray cluster at {address!r}: {_reason(error)}"
        ) from error
    _connection = Connection.of_this_process()


def leave_ray() -> None:
    """Let go of the connected cluster, also of one that is lost."""
    import ray

    global _connection
    _connection = None
    ray.shutdown()


def connected() -> Connection:
    """Return this process's connection; `ensure_ray` has made it."""
    if _connection is None:
        raise RuntimeError("this process has not joined a cluster by `ensure_ray`")
    return _connection


def require_cluster() -> None:
    """Look whether the connected cluster is there, before its silence is taken for a trial's fault.

    Raises:
        ClusterLostError: It is not.
    """
    if _connection is not None:
        _connection.require()


def end_actor(actor: Any) -> None:
    """End an actor's process at once; one of a lost cluster is past that."""
    import ray

    if _connection is None or not _connection.is_lost:
        ray.kill(actor)


def cancel_task(reference: Any) -> None:
    """End the process of a task; one of a lost cluster is past that."""
    import ray

    if _connection is None or not _connection.is_lost:
        ray.cancel(reference, force=True)


def list_nodes() -> list[Node]:
    """Return the living nodes of the connected cluster; raises `ClusterLostError`."""
    import ray

    require_cluster()
    found: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [
        Node(
            node_id=node["NodeID"],
            cpus=node["Resources"].get("CPU", 0.0),
            gpus=node["Resources"].get("GPU", 0.0),
        )
        for node in found
        if node["Alive"]
    ]


def may_use_gpu() -> bool:
    """Tell whether this process may use a GPU: in an actor, only if it was given a share of one.

    Ray shows all of a node's GPUs to those that asked for none.
    """
    import ray

    if not ray.is_initialized():
        return True
    context = ray.get_runtime_context()
    return context.get_actor_id() is None or bool(context.get_accelerator_ids()["GPU"])


def _require_listener(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise ClusterUnavailableError(
            f"--ray-address: nothing answers at {address!r} ({error}); give the address that "
            "`ray start --head` printed, or leave it out to start a cluster on this machine"
        ) from error


def _reason(error: BaseException) -> str:
    """Say why Ray could not join, with what to do where the cluster asks for Ray's token."""
    cause: BaseException | None = error
    while cause is not None:
        if "InvalidAuthToken" in str(cause):
            return (
                "it asks for a token that this process does not show; set RAY_AUTH_MODE=token, "
                "with the head's ~/.ray/auth_token on this machine"
            )
        cause = cause.__cause__
    return " ".join(str(error).split())


@contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """Put this process's handlers back: Ray replaces them, and then SIGTERM aborts the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
