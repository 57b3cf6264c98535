"""What most commands begin with: settings, an open database, and options they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from nas.database import Database, open_database
from nas.errors import InvalidInputError
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
    """Read the settings and open the database for the length of a command.

    Raises:
        InvalidInputError: NAS_API_URL is set, and no database is named: what the command does, the
            service would not see.
    """
    if database_url is None and load_settings().api_url is not None:
        raise InvalidInputError(
            "NAS_API_URL is set, and this command works on a database: unset it, or give --db URL"
        )
    with opened_for_service(database_url, ray_address) as found:
        yield found


@contextmanager
def opened_for_service(
    database_url: str | None = None, ray_address: str | None = None
) -> Iterator[tuple[Database, Settings]]:
    """Open the database for what a service consists of, which NAS_API_URL does not concern."""
    settings = load_settings(database_url=database_url, ray_address=ray_address)
    database = open_database(settings.database_url)
    try:
        yield database, settings
    finally:
        database.close()
