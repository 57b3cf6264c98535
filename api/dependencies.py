"""What routes ask for by type: the database and the settings of the running application."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from nas.database import Database
from nas.settings import Settings


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


DatabaseDep = Annotated[Database, Depends(_database)]
SettingsDep = Annotated[Settings, Depends(_settings)]
