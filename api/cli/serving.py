"""`nas serve` and `nas worker`: the processes that stay."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from api.access.policy import LOOPBACK_NAMES, AccessPolicy, is_loopback
from api.cli.context import DatabaseOption, RayOption, opened_for_service
from api.cli.kept_running import kept_running
from api.cli.output import console
from nas.database import Database
from nas.database.api_keys import has_keys
from nas.errors import InvalidInputError
from nas.logs import configure_logging
from nas.settings import AuthMode, Settings

_PARENT_POLL_SECONDS = 1.0
_SHUTDOWN_SECONDS = 60.0
_DRAIN_SECONDS = 3
"""How long the server waits for streams of events, which may last as long as a job."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    runner: Annotated[
        bool, typer.Option(help="Run submitted jobs too; off where workers do.")
    ] = True,
    without_auth: Annotated[
        bool,
        typer.Option("--without-auth", help="Ask for no keys: anyone who reaches it may write."),
    ] = False,
    db: DatabaseOption = None,
    ray_address: RayOption = None,
) -> None:
    """Serve the REST API and the dashboard, and run the jobs submitted to them.

    On a loopback address no key is asked for unless NAS_AUTH=keys; on any other one it is, and
    there must be one: see `nas keys create`.
    """
    _require_free(host, port)
    with opened_for_service(db, ray_address) as (database, settings):
        access = _access_policy(host, database, settings, without_auth=without_auth)
        configure_logging(settings.log_format)
        import uvicorn

        from api.app import create_app

        console.print(f"dashboard  http://{host}:{port}/", highlight=False)
        console.print(f"API        http://{host}:{port}/api/docs", highlight=False)
        with _embedded_runner(settings) if runner else contextlib.nullcontext():
            app = create_app(database, settings, access)
            gc.freeze()  # what is there stays; to look through it again would hold up requests
            uvicorn.run(
                app,
                host=host,
                port=port,
                log_level="warning",
                log_config=None,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )


def worker(
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    stop_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Wait for jobs and run them, one after the other."""
    with opened_for_service(db, ray_address) as (database, settings):
        configure_logging(settings.log_format)
        from workers.runner import JobRunner
        from workers.service import RunnerService

        service = RunnerService(JobRunner(database, settings))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.shut_down())
        if stop_with_parent:
            _when_orphaned(service.shut_down)
        service.serve()


@contextlib.contextmanager
def _embedded_runner(settings: Settings) -> Iterator[None]:
    """Keep a worker process beside the server: training never blocks a request.

    It is told to stop when the server ends, and stops by itself should the server be killed. Should
    it end otherwise, with its Ray cluster's head or for want of memory, it is started anew.
    """
    environment = os.environ | {
        "NAS_DATABASE_URL": settings.database_url,
        "NAS_DATA_DIR": str(settings.data_dir),
        "NAS_ARTIFACT_DIR": str(settings.artifact_dir),
        "NAS_ARTIFACT_URL": settings.artifact_url,
    }
    if settings.ray_address is not None:
        environment["NAS_RAY_ADDRESS"] = settings.ray_address
    command = [sys.executable, "-m", "api.cli", "worker", "--stop-with-parent"]
    with kept_running(command, environment, end_seconds=_SHUTDOWN_SECONDS):
        yield


def _when_orphaned(act: Callable[[], None]) -> None:
    """Call `act` once this process's parent is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL_SECONDS)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _access_policy(
    host: str, database: Database, settings: Settings, *, without_auth: bool
) -> AccessPolicy:
    """Decide whether keys are asked for; raises `InvalidInputError` where nobody could come in."""
    is_local = is_loopback(host)
    if without_auth or settings.auth is AuthMode.OFF:
        return AccessPolicy(origins=settings.cors_origins)
    if settings.auth is AuthMode.AUTO and is_local:
        return AccessPolicy(hosts=(*LOOPBACK_NAMES, host), origins=settings.cors_origins)
    with database.read() as session:
        if not has_keys(session):
            what = "NAS_AUTH: got keys" if is_local else f"--host: got {host!r}"
            raise InvalidInputError(
                f"{what}, but there is no key that opens anything: make one with `nas keys create "
                "--role admin NAME`; allowed without: a loopback address, or --without-auth"
            )
    return AccessPolicy(needs_key=True, origins=settings.cors_origins)


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InvalidInputError(
                f"--port: cannot listen on {host}:{port}: {error.strerror or error}"
            ) from error
