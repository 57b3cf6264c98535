"""Two Gaussian processes that compete on how well they foresee the results.

- The *structured* expert looks at the canonical graphs (paths, counts) and believes, until the
  data say otherwise, that capacity helps, and a high score of a proxy where one is named. It
  learns from few results where the graph tells what an architecture is worth.
- The *plain* expert looks at the answers alone, one by one, in small groups and all at once, and
  believes nothing. It holds where equal graphs are worth different things, where answers are
  worth something in company only, or where the structure misleads.

Which of them is asked is drawn by their leave-one-out densities over the better half of the
results: those, and not the worst architectures, are what a search has to tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from nas.samplers.model.capacity import normal_scores
from nas.samplers.model.features import FeatureTable, Rows, View
from nas.samplers.model.gaussian_process import GaussianProcess, Posterior
from nas.samplers.model.kernels import MatchKernel, Vector, Views, scaled_kernel

FIRST_FIT = 2
REFIT_GROWTH = 1.1
"""Hyper-parameters are fitted anew whenever there are a tenth more results."""

FIT_STEPS = 12
CAPACITY_SLOPE = 0.3
CAPACITY_SLOPE_SPREAD = 0.5
MOST_RESULTS = 500
"""Results that the experts look at; of more, the best half of this and the latest half."""

PLAIN_AFTER = 20
"""Results before the plain expert, which needs more of them, takes part."""

INTERACTIONS = 0.5
"""Variance that all groups of decisions together explain, before anything is known."""

STRUCTURED, PLAIN = 0, 1
"""The places of the two experts."""

_STRUCTURED_KERNELS = (
    (View.PATHS, True),
    (View.PATHS, False),
    (View.COUNTS, True),
    (View.ONE_HOT, False),
)
_PLAIN_KERNELS = ((View.ONE_HOT, True), (View.ONE_HOT, False))


def _scored(rewards: Sequence[float]) -> tuple[Rows, Vector]:
    """Return which results to look at, in order, and their scores among all."""
    scores = normal_scores(rewards)
    kept = np.arange(len(scores))
    if len(scores) > MOST_RESULTS:
        half = MOST_RESULTS // 2
        best = np.argsort(scores, kind="stable")[-half:]
        kept = np.union1d(best, kept[-half:])
    return kept, scores[kept]


class Surrogate:
    """Both experts, fitted to a growing list of results.

    What it knows depends on the results and their order alone, never on when it was asked: a
    surrogate made anew from the same results is the same.
    """

    def __init__(self, table: FeatureTable) -> None:
        self._table = table
        reference = self.views(table.reference)
        groups = len(table.interactions.groups)
        self.experts = (
            GaussianProcess(
                [scaled_kernel(view, linear, reference) for view, linear in _STRUCTURED_KERNELS],
                slope=CAPACITY_SLOPE,
                slope_spread=CAPACITY_SLOPE_SPREAD,
            ),
            GaussianProcess(
                [
                    *(scaled_kernel(view, linear, reference) for view, linear in _PLAIN_KERNELS),
                    *(MatchKernel(column, INTERACTIONS / groups) for column in range(groups)),
                ]
            ),
        )
        self.fitted = 0
        self._density_lead = 0.0

    def views(self, rows: Rows) -> Views:
        """Return all views of some rows."""
        return {view: self._table.view(view, rows) for view in View}

    def capacity(self, rows: Rows) -> Vector:
        """Return the estimated capacity of some rows; with a warm start, the proxy added."""
        capacity: Vector = self._table.view(View.CAPACITY, rows).sum(axis=1)
        return capacity

    def fit(self, rows: Rows, rewards: Sequence[float]) -> bool:
        """Catch up with the results; returns whether hyper-parameters were fitted anew."""
        before = self.fitted
        while (due := self._next_fit()) <= len(rewards):
            kept, targets = _scored(rewards[:due])
            views = self.views(rows[kept])
            for expert in self.experts:
                expert.fit(views, targets, steps=FIT_STEPS)
            structured, plain = (
                expert.condition(views, targets).leave_one_out() for expert in self.experts
            )
            better = targets >= np.median(targets)
            self._density_lead = float((structured - plain)[better].sum())
            self.fitted = due
        return self.fitted != before

    def _next_fit(self) -> int:
        return max(FIRST_FIT, self.fitted + 1, int(np.ceil(self.fitted * REFIT_GROWTH)))

    def structured_probability(self, least: float) -> float:
        """Return how often to ask the structured expert; neither is asked less than `least`."""
        if self.fitted < PLAIN_AFTER:
            return 1.0
        return float(np.clip(expit(self._density_lead), least, 1 - least))

    def condition(
        self, expert: int, rows: Rows, rewards: Sequence[float], pending: Rows
    ) -> Posterior:
        """Return what an expert says after all results, pending ones taken as it foresees them."""
        process = self.experts[expert]
        kept, targets = _scored(rewards)
        rows = rows[kept]
        posterior = process.condition(self.views(rows), targets)
        if not len(pending):
            return posterior
        foreseen, _ = posterior.predict(self.views(pending))
        return process.condition(
            self.views(np.concatenate([rows, pending])), np.concatenate([targets, foreseen])
        )
