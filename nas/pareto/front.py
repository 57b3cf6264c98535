"""The front of a job's trials and its hypervolume, kept up to date trial by trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from nas.pareto.hypervolume import Points, gained
from nas.pareto.staircase import Staircase

Values = tuple[float, ...]
M = TypeVar("M")


class _Undominated(Protocol):
    """The different values on a front, and the volume that they dominate above a reference."""

    @property
    def volume(self) -> float:
        """What is dominated by at least one of them."""

    def insert(self, values: Values) -> tuple[bool, list[Values]]:
        """Add values unless others are at least as good; returns whether, and what had to go."""


class _Plane:
    """Two objectives: a staircase, O(log n) an insertion."""

    def __init__(self, reference: Values) -> None:
        self._stairs = Staircase((reference[0], reference[1]))

    @property
    def volume(self) -> float:
        return self._stairs.area

    def insert(self, values: Values) -> tuple[bool, list[Values]]:
        inserted, removed = self._stairs.insert(values[0], values[1])
        return inserted, list(removed)


class _Space:
    """Three objectives or more: an array, compared as a whole.

    An insertion looks at all n points of the front: at the few thousand that a long search has,
    one vectorised comparison takes less time than any tree in Python. The volume is only touched
    when the front changes, by what the new point adds, O(n log n) for three objectives.
    """

    def __init__(self, reference: Values) -> None:
        self._reference = np.array(reference)
        self._points: Points = np.empty((0, len(reference)))
        self.volume = 0.0

    def insert(self, values: Values) -> tuple[bool, list[Values]]:
        point = np.array(values)
        if (self._points >= point).all(axis=1).any():
            return False, []
        self.volume += gained(point - self._reference, self._points - self._reference)
        is_dominated = (self._points <= point).all(axis=1)
        removed = [tuple(row) for row in self._points[is_dominated].tolist()]
        self._points = np.vstack([self._points[~is_dominated], point])
        return True, removed


class ParetoFront(Generic[M]):
    """The members that no other one is better than in one value and as good as in the rest.

    All values are to be maximised. `hypervolume` is the share, in [0, 1], of the box between
    `reference` and `ideal` that the front dominates (Zitzler, Thiele: Multiobjective Evolutionary
    Algorithms, IEEE Transactions on Evolutionary Computation 3, 1999); what is worse than the
    reference in any value adds nothing. It never falls while members are added.
    """

    def __init__(self, reference: Sequence[float], ideal: Sequence[float]) -> None:
        sides = [best - worst for worst, best in zip(reference, ideal, strict=True)]
        if len(sides) < 2 or min(sides) <= 0:
            raise ValueError(
                f"reference {tuple(reference)}, allowed: two values or more, each worse than "
                f"the ideal {tuple(ideal)}"
            )
        self._box = float(np.prod(sides))
        self._values: _Undominated = (_Plane if len(sides) == 2 else _Space)(tuple(reference))
        self._members: dict[Values, list[M]] = {}

    @property
    def hypervolume(self) -> float:
        """The share of the box that is dominated."""
        return min(1.0, self._values.volume / self._box)

    def __len__(self) -> int:
        return sum(map(len, self._members.values()))

    def __iter__(self) -> Iterator[M]:
        """Yield the members, those best in the first value first."""
        for values in sorted(self._members, reverse=True):
            yield from self._members[values]

    def add(self, member: M, values: Values) -> bool:
        """Take a member in unless it is dominated; equals stand side by side."""
        if values in self._members:
            self._members[values].append(member)
            return True
        inserted, removed = self._values.insert(values)
        if inserted:
            self._members[values] = [member]
        for gone in removed:
            del self._members[gone]
        return inserted
