"""Bringing a database's tables to this version, through Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from nas.database.base import display_url
from nas.errors import DatabaseUnavailableError


def upgrade(connection: Connection) -> None:
    """Apply the migrations that are missing, inside the connection's transaction."""
    config = _config()
    if _current(connection) == ScriptDirectory.from_config(config).get_current_head():
        return
    _require_known(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_current(connection: Connection) -> None:
    """Check that no migration is missing; raises `DatabaseUnavailableError`."""
    _require_known(connection)
    if _current(connection) != ScriptDirectory.from_config(_config()).get_current_head():
        raise DatabaseUnavailableError(
            f"database {display_url(connection.engine.url)}: its tables "
            "are not of this version; run `nas db upgrade`"
        )


def _require_known(connection: Connection) -> None:
    current = _current(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseUnavailableError(
            f"database {display_url(connection.engine.url)}: its tables "
            f"are of a newer version ({current}); update nas-service"
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
