"""A Ray cluster's head and nodes as `ray start` runs them, to be killed and started again."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

OWN_CLUSTER = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
"""Whatever tokens lie in this machine's home directory: head and drivers do without."""

_START_SECONDS = 90.0
_TRAINS = re.compile(r"ray::\w*(Trainable|FinalTraining)")


class RayNode:
    """A node that joins the cluster at `address`; all its files are in `directory`."""

    def __init__(self, directory: Path, address: str, cpus: int = 1) -> None:
        self.address = address
        self._directory, self._cpus = directory, cpus
        self._log = directory / f"{type(self).__name__}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _arguments(self) -> list[str]:
        return ["--address", self.address]

    def start(self) -> None:
        """Start the node and wait until it is one."""
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block"]
        command += [*self._arguments, "--num-cpus", str(self._cpus), "--num-gpus", "0"]
        command += ["--object-store-memory", "200000000"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | OWN_CLUSTER
            )
        deadline = time.monotonic() + _START_SECONDS
        while "Ray runtime started" not in self._log.read_text(errors="replace"):
            assert self._process.poll() is None, self._log.read_text(errors="replace")
            assert time.monotonic() < deadline, "the node does not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill all of the node's processes at once, trials among them, as a machine's end would."""
        processes = self.processes()
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=10)

    def processes(self) -> list[psutil.Process]:
        """Return what runs on the node, first what started it all."""
        if self._process is None or self._process.poll() is not None:
            return []
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """Return the processes that train a trial or the winner."""
        return [each for each in self.processes() if _TRAINS.match(_title(each))]


class Head(RayNode):
    """A cluster's head, on a port of this machine that stays its own."""

    def __init__(self, directory: Path, cpus: int = 2) -> None:
        self._port = _free_port()
        super().__init__(directory, f"127.0.0.1:{self._port}", cpus)

    @property
    def _arguments(self) -> list[str]:
        place = ["--port", str(self._port), "--temp-dir", str(self._directory)]
        return ["--head", *place, "--include-dashboard", "false"]


@contextmanager
def running_head(cpus: int = 2) -> Iterator[Head]:
    """Run a head for as long as the block lasts, if need be by a new start within it."""
    with tempfile.TemporaryDirectory(prefix="nas-ray-", ignore_cleanup_errors=True) as directory:
        head = Head(Path(directory), cpus)
        head.start()
        try:
            yield head
        finally:
            head.kill()


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
