"""A job outlives its database's absence.

Where a transaction cannot be begun, `Database.patient` waits and nothing has happened. Where one is
broken off, what it was to record is lost and the search loop in memory may be ahead of the tables:
so the loop is made anew from them, as after a crash, and goes on from its trials' checkpoints.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from nas.errors import DatabaseUnavailableError

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0


def through_outages(
    attempt: Callable[[], T],
    patience_seconds: float,
    wait: Callable[[float], bool],
    now: Callable[[], float] = time.monotonic,
) -> T:
    """Call `attempt`, and again where it lost the database, until it returns.

    `wait` waits for some seconds and returns whether to give up.

    Raises:
        DatabaseUnavailableError: Attempts have failed, each soon, for longer than the patience.
    """
    first_failure: float | None = None
    while True:
        started = now()
        try:
            return attempt()
        except DatabaseUnavailableError as error:
            failed = now()
            if first_failure is None or failed - started > patience_seconds:
                first_failure = failed  # the attempt had lasted: this is another outage
            if failed - first_failure > patience_seconds or wait(_PAUSE_SECONDS):
                raise
            _LOG.warning("%s; going on from what is recorded", error)
