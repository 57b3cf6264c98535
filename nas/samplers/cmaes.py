"""CMA-ES on relaxed decisions.

Hansen: The CMA Evolution Strategy: A Tutorial, 2016, https://arxiv.org/abs/1604.00772; separable
variant: Ros, Hansen: A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity,
PPSN 2008; restarts: Auger, Hansen: A Restart CMA Evolution Strategy with Increasing Population
Size, CEC 2005. The implementation is the package `cmaes` (Nomura, Shibata, 2024,
https://arxiv.org/abs/2402.01373), on which Optuna's sampler of that name is built too. That
sampler passes over categorical parameters, and attaches what it has learned to trials when they
are asked for, so that it could not be rebuilt from what was told.
"""

from __future__ import annotations

import copy
import math

import numpy as np
from cmaes import CMA, SepCMA
from numpy.typing import NDArray

from nas.problem import SearchProblem
from nas.samplers.base import Proposal, Sampler, generator
from nas.samplers.options import CMAESOptions
from search_spaces import Choice, active_decisions

Point = NDArray[np.float64]

_MOST_DIMENSIONS = 200
"""Beyond this the covariance is kept diagonal: a full one takes cubic time."""
_GENERATIONS_KEPT = 16
"""Generations whose results still count when they come late."""


class CMAESSampler(Sampler):
    """Searches one coordinate per choice; the largest of a decision's coordinates answers it.

    At first all coordinates are alike, hence all choices equally likely. Decisions that
    do not arise have coordinates too, which then count for nothing. A point is not stored with its
    proposal but drawn again from the generation that it was drawn from. When all points of a
    generation give the same answers, the search starts anew with twice as many a generation.
    """

    def __init__(
        self, problem: SearchProblem, seed: int, options: CMAESOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        self.options = options or CMAESOptions()
        self._ends = np.cumsum([len(decision.choices) for decision in self.decisions])
        self._population = self.options.population or 4 + int(3 * math.log(self._ends[-1]))
        self._newest = 0
        self._worst: float | None = None
        self._generations: dict[int, CMA | SepCMA] = {}
        self._solutions: list[tuple[Point, float]] = []
        self._restart()

    def ask(self, number: int) -> Proposal:
        """Draw a point from the newest generation."""
        point = self._point(number, self._newest)
        return Proposal(self._choices(point), {"generation": float(self._newest)})

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Collect the result; as many as a generation has make the next one.

        A candidate that could not be evaluated counts as the worst so far. Passed over are
        proposals that did not come from here, and those of a generation long past.
        """
        if reward is None:
            reward = self._worst
        if reward is None:
            return
        self._worst = reward if self._worst is None else min(self._worst, reward)
        generation = int(proposal.info.get("generation", -1))
        if generation in self._generations:
            self._solutions.append((self._point(number, generation), -reward))
        if len(self._solutions) == self._population:
            self._next_generation()

    def _next_generation(self) -> None:
        answers = [self._choices(point) for point, _ in self._solutions]
        if all(each == answers[0] for each in answers):
            self._population *= 2
            self._newest += 1
            self._restart()
            return
        following = copy.deepcopy(self._generations[self._newest])
        following.tell(self._solutions)
        self._newest += 1
        self._generations[self._newest] = following
        self._generations.pop(self._newest - _GENERATIONS_KEPT, None)
        self._solutions = []

    def _restart(self) -> None:
        """Begin with a normal distribution around 0; earlier generations count no more."""
        dimensions = int(self._ends[-1])
        kind = CMA if dimensions <= _MOST_DIMENSIONS else SepCMA
        # Only which coordinate is largest counts, so that any step size would do.
        start = kind(mean=np.zeros(dimensions), sigma=1.0, population_size=self._population)
        self._generations = {self._newest: start}
        self._solutions = []

    def _point(self, number: int, generation: int) -> Point:
        """Return the point that proposal `number` is in a generation, shape `(choices,)`."""
        strategy = self._generations[generation]
        strategy.reseed_rng(int(generator(self.seed, number).integers(2**32)))
        point: Point = strategy.ask()
        return point

    def _choices(self, point: Point) -> dict[str, Choice]:
        """Answer the arising decisions by their largest coordinate."""
        largest = [int(part.argmax()) for part in np.split(point, self._ends[:-1])]
        answers = {d.name: d.choices[i] for d, i in zip(self.decisions, largest, strict=True)}
        chosen: dict[str, Choice] = {}
        for decision in active_decisions(self.decisions, chosen):
            chosen[decision.name] = answers[decision.name]
        return chosen
