"""Which decisions are answered alike, taken two and three at a time.

Where an answer's worth hangs on other answers, as in Kauffman's NK landscapes (Kauffman, Levin,
Journal of Theoretical Biology 128, 1987), a kernel that compares all answers at once learns
little from an architecture that shares some. One that compares a single group of decisions
learns what the group is worth wherever it occurs; how much each group matters is learned from
the results. A sum over groups is a functional analysis of variance (Durrande et al., Journal of
Multivariate Analysis 115, 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from search_spaces import Choices, Decision

LARGEST_GROUP = 3
MOST_GROUPS = 100
"""Groups cost time: of spaces with many decisions smaller groups, or none, are compared."""

MOST_CODES = 20_000
"""Codes of all groups together; groups that do not fit any more are left out."""


@dataclass(frozen=True, slots=True)
class Group:
    """Decisions taken together; the answers to all of them make one code."""

    decisions: tuple[Decision, ...]

    @property
    def num_codes(self) -> int:
        """Ways to answer, a question that does not arise being answered by none."""
        return prod(len(decision.choices) + 1 for decision in self.decisions)


class Interactions:
    """Every group of two to `LARGEST_GROUP` decisions, as far as `MOST_GROUPS` allows."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        open_ones = [decision for decision in decisions if len(decision.choices) > 1]
        groups: list[Group] = []
        for size in range(2, LARGEST_GROUP + 1):
            if len(groups) + comb(len(open_ones), size) > MOST_GROUPS:
                break
            groups += map(Group, combinations(open_ones, size))
        firsts: list[int] = []
        kept: list[Group] = []
        codes = 0
        for group in groups:
            if codes + group.num_codes <= MOST_CODES:
                kept.append(group)
                firsts.append(codes)
                codes += group.num_codes
        self.groups = tuple(kept)
        self._firsts = np.array(firsts)
        self._numbers = [
            (decision.name, {choice: i for i, choice in enumerate(decision.choices, start=1)})
            for decision in open_ones
        ]
        self._places = np.array([_places(group, open_ones) for group in self.groups]).T

    def codes(self, choices: Choices) -> NDArray[np.float32]:
        """Return a code for each group, which no other group has, shape `(groups,)`."""
        if not self.groups:
            return np.zeros(0, np.float32)
        numbers = [
            number[choices[name]] if name in choices else 0 for name, number in self._numbers
        ]
        codes: NDArray[np.intp] = self._firsts + np.array(numbers) @ self._places
        return codes.astype(np.float32)


def _places(group: Group, decisions: Sequence[Decision]) -> list[int]:
    """Return what each decision's answer counts in the group's code: 0 where it is not in it."""
    places = dict.fromkeys((decision.name for decision in decisions), 0)
    place = 1
    for decision in reversed(group.decisions):
        places[decision.name] = place
        place *= len(decision.choices) + 1
    return list(places.values())
