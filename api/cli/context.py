"""What most commands begin with: settings, an open database, and options they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from nas.database import Database, open_database
from nas.settings import Settings, load_settings

DatabaseOption = Annotated[
    str | None, typer.Option("--db", help="Database URL; default: SQLite in NAS_DATA_DIR.")
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="Ray cluster to join, HOST:PORT of its head or auto; default: NAS_RAY_ADDRESS, else "
        "start one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def opened(
    database_url: str | None = None, ray_address: str | None = None
) -> Iterator[tuple[Database, Settings]]:
    """Read the settings and open the database for the length of a command."""
    settings = load_settings(database_url=database_url, ray_address=ray_address)
    database = open_database(settings.database_url)
    try:
        yield database, settings
    finally:
        database.close()
