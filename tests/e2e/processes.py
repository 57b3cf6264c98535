"""Running the `nas` program as its own process, as a user does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")


def start(data_dir: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments],
        env=os.environ | {"NAS_DATA_DIR": str(data_dir)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(data_dir: Path, *arguments: str, **environment: str) -> str:
    process = start(data_dir, *arguments, **environment)
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err
    return out


@contextmanager
def serving(data_dir: Path, *arguments: str, **environment: str) -> Iterator[httpx.Client]:
    """Run `nas serve` on a free port and yield a client of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(data_dir, "serve", "--port", str(port), *arguments, **environment)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        try:
            wait_for(lambda: is_up(client), seconds=60)
            yield client
        finally:
            process.terminate()
            _, err = process.communicate(timeout=90)
    assert "Traceback" not in err, err


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(look: Callable[[], T], seconds: float = 240) -> T:
    """Call `look` until it returns something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing after {seconds} s")
