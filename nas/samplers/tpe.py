"""Tree-structured Parzen estimator, through Optuna.

Bergstra, Bardenet, Bengio, Kegl: Algorithms for Hyper-Parameter Optimization, NeurIPS 2011;
Ozaki, Tanigaki, Watanabe, Nomura, Onishi: Multiobjective Tree-Structured Parzen Estimator,
Journal of Artificial Intelligence Research 73, 2022.
"""

from __future__ import annotations

import optuna
from optuna.samplers import BaseSampler

from nas.problem import SearchProblem
from nas.samplers.options import TPEOptions
from nas.samplers.optuna_study import OptunaSampler


class TPESampler(OptunaSampler):
    """Optuna's TPE; pending proposals count as bad, so that parallel trials spread out."""

    def __init__(
        self, problem: SearchProblem, seed: int, options: TPEOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        self.options = options or TPEOptions()

    def new_sampler(self, seed: int) -> BaseSampler:
        """Propose the candidate with the best ratio of good to bad density."""
        return optuna.samplers.TPESampler(
            n_startup_trials=self.options.startup_trials,
            n_ei_candidates=self.options.candidates,
            constant_liar=True,
            seed=seed,
        )
