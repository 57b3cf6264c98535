"""Gaussian process over the answers, through Optuna.

Jones, Schonlau, Welch: Efficient Global Optimization of Expensive Black-Box Functions, Journal of
Global Optimization 13, 1998; log expected improvement after Ament et al.: Unexpected Improvements
to Expected Improvement for Bayesian Optimization, NeurIPS 2023, https://arxiv.org/abs/2310.20708.
"""

from __future__ import annotations

import optuna
from optuna.samplers import BaseSampler

from nas.problem import SearchProblem
from nas.samplers.options import GPOptions
from nas.samplers.optuna_study import OptunaSampler


class GPSampler(OptunaSampler):
    """Optuna's Gaussian process, with a Matern kernel on how many answers differ.

    The kernel is fitted from scratch for each proposal: one that went on from the fit before would
    propose other architectures after a crash.
    """

    answers_all = True

    def __init__(self, problem: SearchProblem, seed: int, options: GPOptions | None = None) -> None:
        super().__init__(problem, seed)
        self.options = options or GPOptions()

    def new_sampler(self, seed: int) -> BaseSampler:
        """Propose where the expected improvement, or that of the hypervolume, is largest."""
        return optuna.samplers.GPSampler(
            n_startup_trials=self.options.startup_trials,
            deterministic_objective=self.options.deterministic,
            warn_independent_sampling=False,
            seed=seed,
        )
