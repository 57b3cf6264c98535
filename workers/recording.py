"""What a job's runner measures, brought to the database while the job runs.

The API is another process, and may be on another machine: it learns of a job's phases from the
tables. They are written every few seconds and at the end, so that a crash costs the seconds since.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nas.database import Database
from nas.database.timings import add_phase_times, add_worker_times
from nas.errors import ClusterLostError, DatabaseUnavailableError
from nas.phases import Phase, PhaseClock
from workers.background import alongside

_LOG = logging.getLogger(__name__)
RECORD_SECONDS = 5.0


class TrialTimes:
    """Reads the phases of trials out of their results, in the process that drives them."""

    def __init__(self, clock: PhaseClock, now: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._now = clock, now
        self._handed_out: dict[str, float] = {}

    def handed_out(self, trial_id: str) -> None:
        """Note that a trial is to be placed on a worker from now on."""
        self._handed_out[trial_id] = self._now()

    def note(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Note a step's result.

        How long a trial queued is told by this process's clock and the length of the step alone:
        clocks of several machines need not agree.
        """
        step_seconds = float(result.get("time_this_iter_s", 0.0))
        self._clock.add_busy(step_seconds)
        started = self._handed_out.pop(trial_id, None)
        if started is not None:
            self._clock.add(Phase.QUEUE, max(0.0, self._now() - started - step_seconds))
        report = result.get("report")
        if report is not None:
            # A report repeated from a checkpoint tells of seconds that were spent before.
            train_seconds = min(report.train_seconds, step_seconds)
            self._clock.add(Phase.TRAIN, train_seconds)
            validate_seconds = min(report.validate_seconds, step_seconds - train_seconds)
            self._clock.add(Phase.VALIDATE, validate_seconds)


@contextmanager
def recording(
    database: Database,
    job_id: str,
    clock: PhaseClock,
    slots: Callable[[], int],
    *,
    every_seconds: float = RECORD_SECONDS,
) -> Iterator[None]:
    """Record what `clock` adds up, in a thread of its own, for as long as the block lasts.

    `slots` tells how many trials fit on the workers at this moment.
    """
    count, last = slots(), time.monotonic()

    def record() -> None:
        nonlocal last
        spent, busy_seconds = clock.take()
        now = time.monotonic()
        try:
            with database.write() as session:
                add_phase_times(session, job_id, spent)
                add_worker_times(
                    session,
                    job_id,
                    slots=count,
                    slot_seconds=count * (now - last),
                    busy_seconds=busy_seconds,
                )
        except DatabaseUnavailableError as error:
            clock.put_back(spent, busy_seconds)
            _LOG.warning("timings of job %s: %s", job_id, error, extra={"job_id": job_id})
        else:
            last = now

    def keep_recording(ended: threading.Event) -> None:
        nonlocal count
        while not ended.wait(every_seconds):
            record()
            try:
                count = slots()
            except ClusterLostError:  # of which the runner tells
                return
            except Exception as error:  # what cannot be counted now must not end the job
                _LOG.warning("workers of job %s: %s", job_id, error, extra={"job_id": job_id})

    try:
        with alongside(keep_recording, name="timings"):
            yield
    finally:
        record()
