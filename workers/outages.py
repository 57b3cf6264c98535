"""A job outlives the absence of its database, or of its Ray cluster.

Where a transaction cannot be begun, `Database.patient` waits and nothing has happened. Where one is
broken off, what it was to record is lost and the search loop in memory may be ahead of the tables:
so the loop is made anew from them, as after a crash, and goes on from its trials' checkpoints. So
it is where the cluster is gone that its trials ran on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from nas.errors import DatabaseUnavailableError, NasError

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 15.0


def through_outages(
    attempt: Callable[[], T],
    patience_seconds: float,
    wait: Callable[[float], bool],
    now: Callable[[], float] = time.monotonic,
    *,
    of: type[NasError] = DatabaseUnavailableError,
) -> T:
    """Call `attempt`, and again where it raises an error `of` a kind, until it returns.

    The pauses between attempts that fail soon grow. `wait` waits for some seconds and returns
    whether to give up.

    Raises:
        NasError: Of that kind: attempts have failed, each soon, for longer than the patience.
    """
    first_failure: float | None = None
    pause = _PAUSE_SECONDS
    while True:
        started = now()
        try:
            return attempt()
        except of as error:
            failed = now()
            if first_failure is None or failed - started > patience_seconds:
                first_failure, pause = failed, _PAUSE_SECONDS  # it had lasted: this is another one
            if failed - first_failure > patience_seconds or wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            _LOG.warning("%s; going on from what is recorded", error)
