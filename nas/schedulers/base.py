"""The contract of a scheduler: which trials are worth their next epoch.

The life of a trial, told in order:

1. The search loop calls `judge(number, epoch, value)` once after each epoch; `number` is the
   trial's within its job and `value` is to be maximised. Several trials can be under way, and
   their epochs come in any order.
2. Where the epoch is a rung, the scheduler answers with a `Judgement`. If that stops the trial,
   the loop ends it as pruned; its values stay known to the scheduler. A trial is never stopped
   after its last epoch.
3. A trial that was answered by an earlier evaluation is not judged: the loop calls `learn` with
   its values.
4. After a crash the loop makes a new scheduler and calls `learn` with the recorded values of
   every trial by number; what is still to come is then judged as the old one would have. A
   scheduler therefore keeps no state that this does not rebuild, and draws what it needs at
   random from the trial's number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rung decided: `value` was compared with `cutoff`, None where there was none yet.

    `reason` is a sentence for people; it is empty where the trial goes on.
    """

    epoch: int
    value: float
    cutoff: float | None
    reason: str = ""

    @property
    def stops(self) -> bool:
        """Whether the trial ends here."""
        return bool(self.reason)


class Scheduler(ABC):
    """Judges the trials of one job; see the module's docstring for the order of calls."""

    def __init__(self, epochs: int, seed: int) -> None:
        self.epochs = epochs
        self.seed = seed

    @abstractmethod
    def judge(self, number: int, epoch: int, value: float) -> Judgement | None:
        """Take note of a trial's value after an epoch, and decide where the epoch is a rung."""

    @abstractmethod
    def learn(self, number: int, values: Sequence[float]) -> None:
        """Take note of a trial's values after its epochs 1, 2, ... without deciding."""
