"""What a completed trial came to: its objective's values, and what its sampler is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas.constraint import Constraint, first_broken
from nas.objective import Objective


@dataclass(frozen=True, slots=True)
class Outcome:
    """A completed trial in the eyes of its job's objective, everything to be maximised.

    One that breaks a constraint on what training measures is not feasible: it is no candidate
    for the best, and its sampler is told less than the `values` that it has.
    """

    values: tuple[float, ...]
    told: tuple[float, ...]
    is_feasible: bool


class Judge:
    """Turns figures into outcomes, in the light of the trials completed so far."""

    def __init__(self, objective: Objective, constraints: Sequence[Constraint]) -> None:
        self._objective = objective
        self._constraints = constraints
        self._worst: tuple[float, ...] | None = None

    def judge(self, figures: Mapping[str, float]) -> Outcome:
        """Judge a trial by its figures.

        Of an infeasible one the sampler is told less than of any trial so far, the less the more
        it misses its bounds by, so that it leads back to what is allowed (Deb: An Efficient
        Constraint Handling Method for Genetic Algorithms, Computer Methods in Applied Mechanics
        and Engineering 186, 2000, equation 4).
        """
        values = self._objective.values(figures)
        worst = values if self._worst is None else tuple(map(min, values, self._worst))
        self._worst = worst
        if first_broken(self._constraints, figures) is None:
            return Outcome(values, values, is_feasible=True)
        missed = sum(constraint.violation(figures) for constraint in self._constraints)
        return Outcome(values, tuple(value - missed for value in worst), is_feasible=False)
