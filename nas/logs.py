"""Logs of the service: lines for people or JSON for machines, with the ids they belong to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum

IDS = ("job_id", "trial_id")
"""What a record may belong to, named in `extra` or by `log_context`."""

_CONTEXT: ContextVar[dict[str, str]] = ContextVar("log_context")


class LogFormat(StrEnum):
    """How the processes that stay write their log to standard error."""

    TEXT = "text"
    JSON = "json"


@contextmanager
def log_context(**ids: str) -> Iterator[None]:
    """Let all records of this thread carry ids until the end of the block."""
    token = _CONTEXT.set(_CONTEXT.get({}) | ids)
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def ids_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the ids that a record carries: its own, else its context's."""
    context = _CONTEXT.get({})
    found = {name: getattr(record, name, context.get(name)) for name in IDS}
    return {name: value for name, value in found.items() if value is not None}


class TextFormatter(logging.Formatter):
    """One line for people: time in UTC, level, message; a traceback follows."""

    def __init__(self) -> None:
        super().__init__("%(written_at)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        record.written_at = _time(record)
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, ids, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        content = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **ids_of(record),
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False, default=str)


def configure_logging(log_format: LogFormat) -> None:
    """Write this process's log to standard error, from `info` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
