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


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """Start a server and yield the SQLAlchemy URL of its administration database."""
    account = _UNPRIVILEGED if getpass.getuser() == "root" else None
    with tempfile.TemporaryDirectory(prefix="nas-postgres-") as directory:
        home = Path(directory)
        if account is not None:
            shutil.chown(home, account)
        data = home / "data"

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(programs / program), *arguments],
                user=account,
                cwd=home,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                check=True,
                stdout=subprocess.DEVNULL,
            )

        call("initdb", "--pgdata", str(data), "--username", _USER, "--auth", "trust", "--no-sync")
        port = _free_port()
        options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off -c max_connections=200"
        call("pg_ctl", "start", "-D", str(data), "-w", "-o", options, "-l", str(home / "log"))
        try:
            yield f"postgresql+psycopg://{_USER}@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "stop", "-D", str(data), "-w", "-m", "immediate")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
