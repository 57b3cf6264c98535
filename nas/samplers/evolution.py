"""Regularised evolution: the youngest results are parents, the oldest die.

Real, Aggarwal, Huang, Le: Regularized Evolution for Image Classifier Architecture Search, AAAI
2019, algorithm 1, https://arxiv.org/abs/1802.01548
"""

from __future__ import annotations

from collections import deque

import numpy as np

from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Proposal, generator
from nas.samplers.options import EvolutionOptions
from search_spaces import Choice
from search_spaces.variation import cross_choices, draw_choices, mutate_choices


class EvolutionSampler(MultiObjectiveSampler):
    """Mutates the best of a few results drawn from the youngest `population` ones.

    Where there are several objectives, it is one of those few that no other dominates.
    """

    def __init__(
        self, problem: SearchProblem, seed: int, options: EvolutionOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        self.options = options or EvolutionOptions()
        self._population: deque[tuple[dict[str, Choice], tuple[float, ...]]] = deque(
            maxlen=self.options.population
        )
        self._can_change = any(len(decision.choices) > 1 for decision in self.decisions)

    def ask(self, number: int) -> Proposal:
        """Propose uniformly until the population is complete, then a child."""
        rng = generator(self.seed, number)
        if len(self._population) < self.options.population or not self._can_change:
            return Proposal(draw_choices(self.decisions, rng))
        child = self._parent(rng)
        if rng.random() < self.options.crossover:
            child = cross_choices(self.decisions, child, self._parent(rng), rng)
        return Proposal(mutate_choices(self.decisions, child, rng))

    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Add a result to the population; one that could not be evaluated has no children."""
        if values is not None:
            self._population.append((proposal.choices, values))

    def _parent(self, rng: np.random.Generator) -> dict[str, Choice]:
        size = min(self.options.tournament, len(self._population))
        drawn = rng.choice(len(self._population), size=size, replace=False)
        rivals = [self._population[i] for i in drawn]
        front = [
            choices
            for choices, values in rivals
            if not any(_dominates(other, values) for _, other in rivals)
        ]
        return front[int(rng.integers(len(front)))] if len(front) > 1 else front[0]


def _dominates(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Tell whether one result is at least as good in every objective, and better in one."""
    return first != second and all(a >= b for a, b in zip(first, second, strict=True))
