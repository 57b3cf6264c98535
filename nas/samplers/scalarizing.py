"""Samplers for one objective, made to search for a front: one for each of several weightings.

The problem is decomposed as in MOEA/D (Zhang, Li: IEEE Transactions on Evolutionary Computation
11, 2007): weightings spread evenly (Das, Dennis: SIAM Journal on Optimization 8, 1998, section 4),
each with a sampler of its own that proposes in turn. All of them learn every result, as its
augmented Chebyshev value under their weighting (Knowles: ParEGO, same journal as MOEA/D 10, 2006,
equation 2). So each sees one objective that is the same for all results, which weights drawn anew
for each proposal would not give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Proposal, Sampler

AUGMENTATION = 0.05
"""Knowles's rho: what the sum of all objectives weighs beside the worst one."""

FIRST_SCALING = 4
"""Results after which they are scaled for the first time; then whenever there are twice as many."""

_DIVISIONS = {2: 6, 3: 5}
_DIVISIONS_OF_MORE = 1

Values = tuple[float, ...]


def weightings(objectives: int) -> list[tuple[float, ...]]:
    """Return the points inside the simplex lattice: 5 for two objectives, 6 for three.

    Its corners and edges are left out: who seeks the smallest network alone finds it at once.
    """
    divisions = _DIVISIONS.get(objectives, objectives + _DIVISIONS_OF_MORE)
    points = []
    for bars in combinations(range(1, divisions), objectives - 1):
        ends = (0, *bars, divisions)
        points.append(tuple((b - a) / divisions for a, b in pairwise(ends)))
    return points


class ScalarizingSampler(MultiObjectiveSampler):
    """Lets samplers for one objective propose in turn, each under a weighting of its own.

    Values are scaled so that the median of the results is 0 and the best is 1. Since that
    changes as results come in, the samplers are made anew, and told everything again, each time
    the results have doubled: in all at most twice the telling.
    """

    def __init__(self, problem: SearchProblem, seed: int, create: Callable[[], Sampler]) -> None:
        super().__init__(problem, seed)
        self._create = create
        self._weightings = weightings(problem.num_objectives)
        self._samplers = [create() for _ in self._weightings]
        self._pending: dict[int, Proposal] = {}
        self._history: list[tuple[int, Proposal, Values | None]] = []
        self._results = 0
        self._next_scaling = FIRST_SCALING
        self._scale = Scale.unit(problem.num_objectives)

    def ask(self, number: int) -> Proposal:
        """Let the sampler propose whose turn it is."""
        proposal = self._whose(number).ask(number)
        self._pending[number] = proposal
        return proposal

    def expect(self, number: int, proposal: Proposal) -> None:
        """Hand the proposal to the sampler whose turn it was."""
        self._pending[number] = proposal
        self._whose(number).expect(number, proposal)

    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Tell each sampler what the result is worth under its weighting."""
        self._pending.pop(number, None)
        self._history.append((number, proposal, values))
        self._results += values is not None
        if self._results >= self._next_scaling:
            self._next_scaling *= 2
            self._start_anew()
        else:
            self._tell_all(number, proposal, values)

    def withdraw(self, number: int, proposal: Proposal) -> None:
        """Let the sampler forget it whose proposal it was."""
        self._pending.pop(number, None)
        self._whose(number).withdraw(number, proposal)

    def _whose(self, number: int) -> Sampler:
        return self._samplers[number % len(self._samplers)]

    def _start_anew(self) -> None:
        """Scale anew, and rebuild the samplers as the search loop would after a crash."""
        self._scale = Scale.of([values for *_, values in self._history if values is not None])
        self._samplers = [self._create() for _ in self._weightings]
        for told in self._history:
            self._tell_all(*told)
        for number, proposal in self._pending.items():
            self._whose(number).expect(number, proposal)

    def _tell_all(self, number: int, proposal: Proposal, values: Values | None) -> None:
        for sampler, weights in zip(self._samplers, self._weightings, strict=True):
            reward = None if values is None else self._scale.chebyshev(values, weights)
            sampler.tell(number, proposal, reward)


class Scale:
    """Where 0 and 1 lie for each objective; a result worse than usual has no say in it."""

    def __init__(self, middle: NDArray[np.float64], best: NDArray[np.float64]) -> None:
        self._best = best
        self._spread = np.where(best > middle, best - middle, 1.0)

    @classmethod
    def unit(cls, objectives: int) -> Scale:
        """Leave values as they are."""
        return cls(np.zeros(objectives), np.ones(objectives))

    @classmethod
    def of(cls, results: Sequence[Values]) -> Scale:
        """Put the median at 0 and the best at 1."""
        return cls(np.median(results, axis=0), np.max(results, axis=0))

    def chebyshev(self, values: Values, weights: tuple[float, ...]) -> float:
        """Return the augmented Chebyshev value, negated, since it is to be maximised."""
        shortfall = np.array(weights) * (self._best - np.array(values)) / self._spread
        return -float(shortfall.max() + AUGMENTATION * shortfall.sum())
