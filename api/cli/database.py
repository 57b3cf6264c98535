"""`nas db`: the database's tables."""

from __future__ import annotations

import typer

from api.cli.context import DatabaseOption
from api.cli.output import console
from nas.database import upgrade_database
from nas.settings import load_settings

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look after the database."""


@app.command("upgrade")
def upgrade_command(db: DatabaseOption = None) -> None:
    """Create the tables, or bring them to this version."""
    url = upgrade_database(load_settings(database_url=db).database_url)
    console.print(f"{url} is of this version", highlight=False, soft_wrap=True)
