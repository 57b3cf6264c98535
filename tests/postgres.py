"""A real PostgreSQL server of the tests' own: in a temporary folder, on a free port."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USER = "nas"
_UNPRIVILEGED = "nobody"
"""The server refuses to run as root; where the tests do, it runs as this account."""


def find_programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, newest version first."""
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


class Server:
    """A server's files, and the commands that start and stop it."""

    def __init__(self, programs: Path, home: Path) -> None:
        self._programs, self._home = programs, home
        self._data = str(home / "data")
        self._account = _UNPRIVILEGED if getpass.getuser() == "root" else None
        if self._account is not None:
            shutil.chown(home, self._account)
        self._port = _free_port()
        self.url = f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/postgres"
        login = ("--username", _USER, "--auth", "trust")
        self._call("initdb", "--pgdata", self._data, *login, "--no-sync")

    def start(self) -> None:
        options = f"-p {self._port} -h 127.0.0.1 -k {self._home} -c fsync=off"
        options += " -c max_connections=200"
        log = str(self._home / "log")
        self._call("pg_ctl", "start", "-D", self._data, "-w", "-o", options, "-l", log)

    def stop(self) -> None:
        self._call("pg_ctl", "stop", "-D", self._data, "-w", "-m", "immediate")

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._account,
            cwd=self._home,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def started_server(programs: Path) -> Iterator[Server]:
    """Start a server that may be stopped and started again; it runs when the block ends."""
    with tempfile.TemporaryDirectory(prefix="nas-postgres-") as directory:
        server = Server(programs, Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """Start a server and yield the SQLAlchemy URL of its administration database."""
    with started_server(programs) as server:
        yield server.url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
