"""Model-based search.

Jones, Schonlau, Welch: Efficient Global Optimization of Expensive Black-Box Functions, Journal of
Global Optimization 13, 1998, equation 15 (expected improvement); Ginsbourger, Le Riche, Carraro:
Kriging Is Well-Suited to Parallelize Optimization, 2010, section 4 (pending proposals count as if
they had come out as foreseen); White, Neiswanger, Savani: BANANAS, AAAI 2021 (path encoding).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from scipy.stats import norm
from threadpoolctl import ThreadpoolController

from nas.problem import SearchProblem
from nas.samplers.base import Proposal, Sampler, generator
from nas.samplers.model.features import FeatureTable, Rows, whole_space
from nas.samplers.model.gaussian_process import Posterior
from nas.samplers.model.kernels import Vector
from nas.samplers.model.pool import draw_pool
from nas.samplers.model.surrogate import PLAIN, STRUCTURED, Surrogate
from nas.samplers.options import ModelOptions
from search_spaces.variation import draw_choices

RANDOM_RESULTS = 2
"""Results before the model is asked."""

LEAST_SHARE = 0.35
"""Each expert's least share of the proposals: one of them alone can be stuck for good."""

PATIENCE = 20
"""Results without a better one after which the search counts as stuck."""

EXPLORING_SHARE = 0.25
"""Share of a stuck search's proposals that explore: both experts can be wrong."""

BEST_ROWS = 6
SHORTLIST = 500
UNIFORM_ROWS = 300
LEAST_FEASIBLE = 0.02
LATEST_LABELS = 250
"""Results of each kind by which candidates that cannot be evaluated are avoided."""


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep linear algebra to a core: matrices are small, and the others train candidates."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through all loaded libraries, once


class ModelSampler(Sampler):
    """Proposes where a Gaussian process expects the largest improvement of the reward's rank."""

    def __init__(
        self, problem: SearchProblem, seed: int, options: ModelOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        proxy = None if options is None else options.warm_start
        self._told: list[int] = []
        self._rewards: list[float] = []
        self._rejected: list[int] = []
        self._known: set[int] = set()
        self._pending: dict[int, int] = {}
        self._shortlists: dict[int, Rows] = {}
        self._table = whole_space(problem, proxy) or FeatureTable(problem, proxy)
        self._surrogate = Surrogate(self._table)

    def ask(self, number: int) -> Proposal:
        """Propose the largest of some random architectures first, then ask the model."""
        rng = generator(self.seed, number)
        before = len(self._table)
        if number == 0:
            row = self._large(rng)
        elif len(self._told) < RANDOM_RESULTS:
            row = self._table.add(draw_choices(self.decisions, rng))
        else:
            with _one_thread():
                row = self._most_promising(rng)
        choices = self._table.choices[row]
        self._table.truncate(before)  # of what was looked at, the proposal alone is kept
        self._pending[number] = self._table.add(choices)
        return Proposal(dict(choices))

    def expect(self, number: int, proposal: Proposal) -> None:
        """Count the proposal of an earlier sampler as pending."""
        self._pending[number] = self._table.add(proposal.choices)

    def withdraw(self, number: int, proposal: Proposal) -> None:
        """Forget a proposal, which may be made again once more is known."""
        del proposal
        self._pending.pop(number, None)

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Add a result; one of a known candidate adds nothing."""
        self._pending.pop(number, None)
        row = self._table.add(proposal.choices)
        candidate = self._table.candidates[row]
        if candidate in self._known:
            return
        self._known.add(candidate)
        if reward is None:
            self._rejected.append(row)
            return
        self._told.append(row)
        self._rewards.append(reward)

    def _large(self, rng: np.random.Generator) -> int:
        """Return the architecture of most estimated MACs among some random ones."""
        rows = np.array([self._table.add(draw_choices(self.decisions, rng)) for _ in range(64)])
        return int(rows[np.argmax(self._surrogate.capacity(rows))])

    def _most_promising(self, rng: np.random.Generator) -> int:
        told = np.array(self._told)
        if self._surrogate.fit(told, self._rewards):
            self._shortlists = {}
        if self._is_stuck() and rng.random() < EXPLORING_SHARE:
            return self._least_known(rng)
        structured = rng.random() < self._surrogate.structured_probability(LEAST_SHARE)
        expert = STRUCTURED if structured else PLAIN
        best = [int(row) for row in told[np.argsort(self._rewards)[::-1][:BEST_ROWS]]]
        rows = self._unseen(self._candidates(expert, best, rng))
        if not len(rows):
            return self._table.add(draw_choices(self.decisions, rng))
        posterior = self._surrogate.condition(expert, told, self._rewards, self._waiting())
        gains = self._expected_improvement(posterior, rows) * self._feasible(posterior, rows)
        return int(rows[np.argmax(gains)])

    def _is_stuck(self) -> bool:
        """Tell whether the last results brought nothing, in a space small enough to be covered.

        Of a larger one random architectures are too few to find a region that no result hints
        at; its pools have some of them anyway.
        """
        since = len(self._rewards) - 1 - int(np.argmax(self._rewards))
        return self._table.is_whole and since >= PATIENCE

    def _least_known(self, rng: np.random.Generator) -> int:
        """Return the one of some random architectures of which the plain expert knows least."""
        rows = self._unseen(rng.integers(len(self._table), size=UNIFORM_ROWS))
        if not len(rows):
            return self._table.add(draw_choices(self.decisions, rng))
        told = np.array(self._told)
        posterior = self._surrogate.condition(PLAIN, told, self._rewards, self._waiting())
        _, spread = posterior.predict(self._surrogate.views(rows))
        return int(rows[np.argmax(spread)])

    def _waiting(self) -> Rows:
        """Return the rows of pending proposals, in the order in which they were made."""
        in_order = (row for _, row in sorted(self._pending.items()))
        return np.array(list(dict.fromkeys(in_order)), dtype=np.intp)

    def _candidates(self, expert: int, best: list[int], rng: np.random.Generator) -> Rows:
        if not self._table.is_whole:
            return draw_pool(self._table, best, rng)
        if expert not in self._shortlists:
            self._shortlists[expert] = self._shortlist(expert, self._surrogate.fitted)
        near = [self._table.neighbours(row) for row in best]
        uniform = rng.integers(len(self._table), size=UNIFORM_ROWS)
        return np.unique(np.concatenate([self._shortlists[expert], uniform, *near]))

    def _shortlist(self, expert: int, fitted: int) -> Rows:
        """Look through the whole space with the results of the last fit.

        What came later or is pending is left out, so that a sampler made anew finds the same.
        """
        told = np.array(self._told[:fitted])
        nothing = np.array([], dtype=np.intp)
        posterior = self._surrogate.condition(expert, told, self._rewards[:fitted], nothing)
        rows = np.arange(len(self._table))
        gains = self._expected_improvement(posterior, rows)
        return np.argsort(gains)[::-1][:SHORTLIST]

    def _unseen(self, rows: Rows) -> Rows:
        candidates = self._table.candidates
        seen = self._known | {candidates[row] for row in self._pending.values()}
        return rows[[candidates[row] not in seen for row in rows]]

    def _expected_improvement(self, posterior: Posterior, rows: Rows) -> Vector:
        """Return the expected improvement over the best result, in units of its score.

        It is a result's with its noise, as it is results that are compared with the best one.
        """
        mean, noiseless_spread = posterior.predict(self._surrogate.views(rows))
        spread = np.hypot(noiseless_spread, posterior.process.noise)
        above = (mean - posterior.best) / spread
        gains: Vector = spread * (above * norm.cdf(above) + norm.pdf(above))
        return gains

    def _feasible(self, posterior: Posterior, rows: Rows) -> Vector:
        """Estimate the probability that each architecture can be evaluated."""
        if not self._rejected:
            return np.ones(len(rows))
        told, rejected = self._told[-LATEST_LABELS:], self._rejected[-LATEST_LABELS:]
        known = np.array([*told, *rejected])
        labels = np.array([1.0] * len(told) + [0.0] * len(rejected))
        carried = posterior.process.condition(self._surrogate.views(known), labels).interpolate(
            labels, self._surrogate.views(rows)
        )
        return np.clip(carried, LEAST_FEASIBLE, 1.0)
