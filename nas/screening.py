"""Screening: of several proposals, scored untrained, the best goes on to training.

The life of a round, told in order:

1. The search loop asks until `candidates` new architectures are held, each with the figure
   `score` that an appraiser of the job found for it. Each is recorded with its score at once.
2. The best is taken out and becomes a trial.
3. Where a round is for one trial, the sampler is told to forget the others, which stay on record
   as proposals without a trial. Where there is one round for the whole job, the next trials are
   the next best; half of its candidates are the best paths on which a supernet was trained.

After a crash the held ones are found on record: those with a score, no trial and nothing told.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nas.proxies import find_or_raise_proxy

if TYPE_CHECKING:
    from nas.database.proposals import ProposalRow

SCORE = "score"
"""The figure that candidates are compared by, see `nas.metrics`."""


def _known_proxy(name: str) -> str:
    return find_or_raise_proxy(name).name


class ScreenRequest(BaseModel):
    """A filter before training: how many proposals compete for each trial, and by which proxy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    proxy: Annotated[str, AfterValidator(_known_proxy)] = Field(
        description="zero-cost proxy that scores them", examples=["synflow"]
    )
    candidates: int = Field(
        4, ge=2, le=1000, description="proposals per trial, of which the best is trained"
    )


@dataclass(frozen=True, slots=True)
class Screening:
    """How many candidates a round holds, and whether there is one round for the whole job.

    `practised` counts the proposals on record from before that one round.
    """

    candidates: int
    once: bool = False
    practised: int = 0


def best_practised(screening: Screening, rows: Sequence[ProposalRow]) -> list[dict[str, Any]]:
    """Return the answers of the best proposals from before the round, half as many as it holds."""
    practised = [r for r in rows if r.number < screening.practised and r.reward is not None]
    ranked = sorted(practised, key=lambda row: (-(row.reward or 0.0), row.number))
    different = {tuple(sorted(row.choices.items())): row.choices for row in ranked}
    return list(different.values())[: screening.candidates // 2]


T = TypeVar("T")


class Round(Generic[T]):
    """The candidates held, each under what tells it from others."""

    def __init__(self, screening: Screening) -> None:
        self.screening = screening
        self._held: dict[Hashable, tuple[float, T]] = {}
        self._is_chosen = False

    def __contains__(self, key: Hashable) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def score(self, key: Hashable) -> float:
        """Return the score of the candidate held under `key`."""
        return self._held[key][0]

    @property
    def is_open(self) -> bool:
        """Whether more candidates are wanted before the best is chosen."""
        if self.screening.once and self._is_chosen:
            return False
        return len(self._held) < self.screening.candidates

    def hold(self, key: Hashable, score: float, candidate: T) -> None:
        """Add a candidate."""
        self._held[key] = score, candidate

    def close(self) -> None:
        """Take no more candidates in the one round that a job has."""
        self._is_chosen = True

    def take_best(self) -> T:
        """Take out the candidate with the highest score, the earliest of equals."""
        self._is_chosen = True
        best = max(self._held, key=lambda key: self._held[key][0])
        return self._held.pop(best)[1]

    def take_others(self) -> list[T]:
        """Take out those that are not to become trials: all of a round for one trial."""
        if self.screening.once:
            return []
        others = [candidate for _, candidate in self._held.values()]
        self._held = {}
        return others
