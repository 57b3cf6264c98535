"""Non-dominated sorting genetic algorithms, through Optuna.

Deb, Pratap, Agarwal, Meyarivan: A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE
Transactions on Evolutionary Computation 6, 2002; Deb, Jain: An Evolutionary Many-Objective
Optimization Algorithm Using Reference-Point-Based Nondominated Sorting Approach, Part I
(NSGA-III), same journal 18, 2014.
"""

from __future__ import annotations

from abc import abstractmethod

import optuna
from optuna.samplers import BaseGASampler
from optuna.trial import FrozenTrial

from nas.problem import SearchProblem
from nas.samplers.base import generator
from nas.samplers.options import GeneticOptions, NSGA2Options, NSGA3Options
from nas.samplers.optuna_study import OptunaSampler


class GeneticSampler(OptunaSampler):
    """A genetic algorithm in which a generation is complete when so many results were told.

    A result belongs to the generation in which it is told, however late it comes; so generations
    depend on nothing but the order of results.
    """

    answers_all = True

    def __init__(self, problem: SearchProblem, seed: int, options: GeneticOptions) -> None:
        super().__init__(problem, seed)
        self.options = options
        self._results = 0

    @abstractmethod
    def new_sampler(self, seed: int) -> BaseGASampler:
        """Make the Optuna sampler that proposes a child, or selects the parents."""

    def _add_result(self, trial: FrozenTrial, values: tuple[float, ...]) -> None:
        """Add a result to the generation under way; if that completes it, select the parents."""
        sampler = self._seeded_for_generation()
        sampler.get_trial_generation(self._study, trial)
        super()._add_result(trial, values)
        self._results += 1
        generation, more = divmod(self._results, self.options.population)
        if not more:
            sampler.get_parent_population(self._study, generation)

    def _seeded_for_generation(self) -> BaseGASampler:
        """Make a sampler whose randomness depends on the results alone, not on proposals."""
        seed = generator(self.seed, self._results).integers(2**32)
        sampler = self.quietly_new_sampler(int(seed))
        if not isinstance(sampler, BaseGASampler):
            raise TypeError(f"{type(sampler).__name__} is no genetic algorithm")
        return sampler


class NSGA2Sampler(GeneticSampler):
    """Optuna's NSGA-II: parents by dominance, then by crowding distance."""

    def __init__(
        self, problem: SearchProblem, seed: int, options: NSGA2Options | None = None
    ) -> None:
        super().__init__(problem, seed, options or NSGA2Options())

    def new_sampler(self, seed: int) -> BaseGASampler:
        """Cross two parents, each the better of two drawn, and mutate."""
        return optuna.samplers.NSGAIISampler(
            population_size=self.options.population,
            mutation_prob=self.options.mutation,
            crossover_prob=self.options.crossover,
            swapping_prob=self.options.swapping,
            seed=seed,
        )


class NSGA3Sampler(GeneticSampler):
    """Optuna's NSGA-III: parents by dominance, then by nearness to reference directions."""

    def __init__(
        self, problem: SearchProblem, seed: int, options: NSGA3Options | None = None
    ) -> None:
        self._divisions = (options or NSGA3Options()).divisions
        super().__init__(problem, seed, options or NSGA3Options())

    def new_sampler(self, seed: int) -> BaseGASampler:
        """Cross two parents, each the better of two drawn, and mutate."""
        return optuna.samplers.NSGAIIISampler(
            population_size=self.options.population,
            mutation_prob=self.options.mutation,
            crossover_prob=self.options.crossover,
            swapping_prob=self.options.swapping,
            dividing_parameter=self._divisions,
            seed=seed,
        )
