"""Whether anything in the database has changed, asked of the database itself.

SQLite: https://www.sqlite.org/pragma.html#pragma_data_version
PostgreSQL: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
"""

from __future__ import annotations

import threading

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from nas.database.engine import Database, named_unavailable
from nas.ids import new_id

_QUESTIONS = {
    "sqlite": "PRAGMA data_version",
    "postgresql": "SELECT CAST(pg_current_snapshot() AS text)",
}


class ChangeWatch:
    """Answers with a mark that is the same as long as nothing is committed, by whatever process.

    What is read in a transaction that begins after a mark was taken is at least as new as the
    mark; so it may be shown for as long as the mark stays. SQLite counts what other connections
    commit, hence one here that never does; PostgreSQL names the transactions that can be seen.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._life = ""

    def mark(self) -> str:
        """Return the mark of what is committed now.

        Raises:
            DatabaseUnavailableError: The database cannot be reached.
        """
        with self._lock, named_unavailable(self._database, OperationalError):
            if self._connection is None:
                engine = self._database.engine
                autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
                self._connection, self._life = autocommit.connect(), new_id()
            question = _QUESTIONS[self._connection.dialect.name]
            try:
                answer = self._connection.exec_driver_sql(question).scalar_one()
                self._connection.rollback()  # what SQLite has begun would not see later commits
            except OperationalError:
                self._connection.invalidate()
                self._connection = None
                raise
            return f"{self._life} {answer}"

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
