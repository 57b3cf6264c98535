"""Opening the database, and the two kinds of transaction: one that reads, one that writes."""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from nas.database.base import display_url
from nas.database.migrate import require_current, upgrade
from nas.database.revisions import count_changes
from nas.errors import DatabaseUnavailableError, InvalidInputError

_LOG = logging.getLogger(__name__)
_BUSY_TIMEOUT_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 2.0


class Database:
    """A connection pool, made once per process and never sent to another.

    `read()` and `write()` each open a transaction, hand out its session, and end it: `write`
    commits, or rolls back where an exception passes. Functions that take a `Session` take
    part in a transaction and never commit.
    """

    def __init__(
        self,
        engine: Engine,
        patience_seconds: float = 0.0,
        wait: Callable[[float], bool] | None = None,
        guard: Callable[[Session], None] | None = None,
    ) -> None:
        self.engine = engine
        self._guard = guard
        self._patience_seconds, self._wait = patience_seconds, wait or _sleep
        self._reading = sessionmaker(engine, expire_on_commit=False)
        self._writing = sessionmaker(
            engine.execution_options(nas_write=True), expire_on_commit=False
        )
        count_changes(self._writing)

    @property
    def display_url(self) -> str:
        """The URL without its password."""
        return display_url(self.engine.url)

    def patient(self, seconds: float, wait: Callable[[float], bool]) -> Database:
        """Return this database for one who has time: it waits where none can be reached.

        Only a transaction's beginning is waited for, when nothing of it has happened yet. `wait`
        waits for some seconds and returns whether to give up.
        """
        return Database(self.engine, seconds, wait, self._guard)

    def guarded(self, guard: Callable[[Session], None]) -> Database:
        """Return this database for one who may only write while `guard` raises nothing.

        It is called at the beginning of each transaction that writes, as a part of it.
        """
        return Database(self.engine, self._patience_seconds, self._wait, guard)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads."""
        with named_unavailable(self, OperationalError), self._begin(self._reading) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that may write, and commit it at the end."""
        with named_unavailable(self, OperationalError), self._begin(self._writing) as session:
            if self._guard is not None:
                self._guard(session)
            yield session
            session.commit()

    def _begin(self, new_session: Callable[[], Session]) -> Session:
        """Begin a transaction, after some attempts where there is patience."""
        deadline, pause = time.monotonic() + self._patience_seconds, 0.1
        while True:
            session = new_session()
            try:
                session.connection()
            except OperationalError as error:
                session.close()
                if time.monotonic() + pause > deadline:
                    raise
                _LOG.warning("database %s: %s; waiting for it", self.display_url, _reason(error))
                if self._wait(pause):
                    raise
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                return session

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Connect to `url` and see to it that the tables are of this version.

    The embedded SQLite file is created and upgraded as needed. A server's tables are only
    changed by `nas db upgrade`, so that one of many processes does not do it under the others.

    Raises:
        InvalidInputError: The text is no database URL, or of an unsupported kind.
        DatabaseUnavailableError: The database cannot be opened or has other tables.
    """
    database = connect(url)
    with named_unavailable(database, DBAPIError):
        if database.engine.dialect.name == "sqlite":
            _upgrade(database)
        else:
            with database.engine.connect() as connection:
                require_current(connection)
    return database


def upgrade_database(url: str) -> str:
    """Bring the tables at `url` to this version; returns the URL without its password.

    Raises:
        InvalidInputError: The text is no database URL, or of an unsupported kind.
        DatabaseUnavailableError: The database cannot be opened or is of a newer version.
    """
    database = connect(url)
    try:
        with named_unavailable(database, DBAPIError):
            _upgrade(database)
    finally:
        database.close()
    return database.display_url


def _upgrade(database: Database) -> None:
    with migrating(database) as connection:
        upgrade(connection)


@contextmanager
def migrating(database: Database) -> Iterator[Connection]:
    """Open the transaction in which migrations change tables, and commit it at the end.

    SQLite changes most of a table by making it anew, and as the old one is dropped it deletes
    all that refers to it; so foreign keys are not followed meanwhile, and checked before the
    commit (https://www.sqlite.org/lang_altertable.html, section 7).

    Raises:
        DatabaseUnavailableError: Rows would be left that refer to none; nothing was changed.
    """
    with database.engine.connect().execution_options(nas_write=True) as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection  # no effect in a transaction
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if dangling is not None:
                    raise DatabaseUnavailableError(
                        f"database {database.display_url}: a row of {dangling[0]!r} refers to "
                        f"one of {dangling[2]!r} that is not there; the tables stay as they were"
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def named_unavailable(database: Database, kind: type[DBAPIError]) -> Iterator[None]:
    """Turn the driver's errors of a kind into one line that names the database."""
    try:
        yield
    except kind as error:
        raise DatabaseUnavailableError(
            f"database {database.display_url}: {_reason(error)}"
        ) from error


def connect(url: str) -> Database:
    """Make the pool for `url` without looking at the tables."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        shown = re.sub(r":[^:@]*@", ":***@", url)
        raise InvalidInputError(
            f"database_url: got {shown!r}, allowed: an SQLAlchemy URL such as "
            "sqlite:////path/nas.db or postgresql+psycopg://user@host/name"
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidInputError(
            f"database_url: got {parsed.get_backend_name()!r}, allowed: sqlite, postgresql"
        )
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        if parsed.get_backend_name() == "sqlite":
            return Database(_sqlite_engine(parsed))
        return Database(create_engine(parsed, pool_pre_ping=True))
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidInputError(
            f"database_url: {error}; for PostgreSQL install nas-service[postgres]"
        ) from error


def _sqlite_engine(url: Any) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidInputError(
            "database_url: SQLite needs a file that other processes can open, such as "
            "sqlite:////path/nas.db"
        )
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise DatabaseUnavailableError(f"database {display_url(url)}: {error}") from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, see below
        _use_write_ahead_log(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that reads first and writes later could not wait for another writer;
        # one that takes the write lock at once can.
        writes = connection.get_execution_options().get("nas_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_write_ahead_log(connection: Any) -> None:
    """Switch the file to WAL; SQLite does not wait here while others open a new file too."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _reason(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
