"""A runner's name, from which any process on the same host can tell whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil


def runner_name() -> str:
    """Return `host:pid:start`; the start time tells a process from a later one of the same pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_gone(name: str) -> bool:
    """Tell whether the runner called `name` is surely dead: it ran on this host, and is gone."""
    host, pid, start = name.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != start or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
