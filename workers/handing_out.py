"""What Tune is handed out for a trial, and how many trials it is handed out at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nas.evaluation import TrialTask
from workers.placement import TrialShare

_LOG = logging.getLogger(__name__)

PLACES_SECONDS = 1.0
"""How often the cluster is asked how many trials it has room for."""

AHEAD_SECONDS = 2.0
"""After so long without the end of a trial, one more is handed out than there is room for."""


@dataclass(frozen=True, slots=True, repr=False)
class Handout:
    """A trial's task, and what of the cluster it gets.

    Tune copies and prints a trial's configuration several times over, which takes longer than the
    search loop does. This is a value: it need not be copied, and is known by its trial.
    """

    task: TrialTask
    share: TrialShare

    def __deepcopy__(self, memo: dict[int, Any]) -> Handout:
        """Return itself."""
        return self

    def __repr__(self) -> str:
        return f"trial {self.task.number}"


class Room:
    """Says whether another trial is to be handed out, by what there is room for.

    Tune asks the cluster for the place of each trial that it has been handed, even where the worker
    that has become free takes the trial in the end, and then takes the request back: several
    milliseconds of the head node for nothing. So no trial waits with Tune where trials are short.
    Where they are long one does: a cluster that grows by demand sees that there is some.
    """

    def __init__(
        self, places: Callable[[], int] | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Let `places` count the trials that fit on the cluster; None: no bound is known."""
        self._places, self._now = places, now
        self._count = 0
        self._counted_at: float | None = None
        self._last_end = now()

    def note_end(self) -> None:
        """Take note that a trial has ended."""
        self._last_end = self._now()

    def has_place(self, handed_out: int) -> bool:
        """Tell whether to hand out a trial beside so many that have not ended."""
        if self._places is None or handed_out == 0:
            return True
        now = self._now()
        if self._counted_at is None or now - self._counted_at >= PLACES_SECONDS:
            self._counted_at = now
            try:
                self._count = self._places()
            except Exception as error:  # what cannot be counted now must not end the job
                _LOG.warning("workers: %s", error)
        is_long = now - self._last_end >= AHEAD_SECONDS
        return handed_out < self._count + is_long
