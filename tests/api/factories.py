"""An application over a database of its own, for tests that ask it over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi.testclient import TestClient

from api.access.policy import AccessPolicy
from api.app import create_app
from nas.database import Database, open_database, upgrade_database
from nas.settings import Settings, load_settings


@contextmanager
def application(directory: Path, url: str | None = None) -> Iterator[tuple[TestClient, Database]]:
    """Make the application and yield a client of it and its database."""
    settings = settings_of(directory, url)
    upgrade_database(settings.database_url)
    database = open_database(settings.database_url)
    with TestClient(create_app(database, settings), raise_server_exceptions=False) as client:
        yield client, database
    database.close()


def settings_of(directory: Path, url: str | None = None) -> Settings:
    return load_settings(
        data_dir=directory,
        database_url=url or f"sqlite:///{directory / 'nas.db'}",
        artifact_dir=directory / "artifacts",
    )


@contextmanager
def listening(
    directory: Path, access: AccessPolicy | None = None
) -> Iterator[tuple[str, Database]]:
    """Let the application listen on a free port, in a thread; yield its URL and its database."""
    settings = settings_of(directory)
    database = open_database(settings.database_url)
    config = uvicorn.Config(
        create_app(database, settings, access), port=0, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", database
    finally:
        server.should_exit = True
        thread.join()
        database.close()
