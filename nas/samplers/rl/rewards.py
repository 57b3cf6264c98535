"""What the controller remembers of results: the usual reward, the worst, and the best few."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

Row = tuple[int, ...]
"""Answers as numbers of choices, in the order of the decisions."""

_SMALLEST_SPREAD = 1e-6
_LARGEST_ADVANTAGE = 3.0


@dataclass(slots=True)
class RewardAverage:
    """Exponential moving average of the reward and of its distance from it."""

    decay: float
    mean: float | None = None
    spread: float = 0.0

    def advantage(self, reward: float) -> float:
        """Return how much better `reward` is than usual, in usual distances, and remember it.

        It is cut off at 3 distances, so that one network that learned nothing at all does not
        drown a batch.
        """
        if self.mean is None:
            self.mean = reward
            return 0.0
        difference = reward - self.mean
        self.spread = (
            self.decay * self.spread + (1 - self.decay) * abs(difference)
            if self.spread
            else abs(difference)
        )
        self.mean += (1 - self.decay) * difference
        advantage = difference / max(self.spread, _SMALLEST_SPREAD)
        return max(-_LARGEST_ADVANTAGE, min(advantage, _LARGEST_ADVANTAGE))


@dataclass(slots=True)
class Elite:
    """The best `size` results with different answers, the best first; the earlier of equals."""

    size: int
    members: list[tuple[float, Row]] = field(default_factory=list)

    def add(self, reward: float, row: Row) -> None:
        """Take in a result if it is among the best."""
        if any(member == row for _, member in self.members):
            return
        insort(self.members, (reward, row), key=lambda member: -member[0])
        del self.members[self.size :]

    @property
    def rows(self) -> list[Row]:
        """The members' answers."""
        return [row for _, row in self.members]
