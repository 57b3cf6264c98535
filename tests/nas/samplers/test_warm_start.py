"""The model sampler's belief in a proxy, on a problem of plain answers."""

from __future__ import annotations

import numpy as np
import pytest

from nas.errors import InvalidInputError
from nas.samplers import SAMPLERS
from nas.samplers.model.capacity import estimate_proxy
from tests.nas.answers import AnswersProblem
from tests.nas.factories import SEPARABLE_DECISIONS, new_spec, separable_reward

DECISIONS = SEPARABLE_DECISIONS[:4]
ASKS = 25


class ScoredProblem(AnswersProblem):
    """Its MACs say nothing; `sign` turns the proxy round."""

    def __init__(self, sign: float) -> None:
        super().__init__(DECISIONS)
        self.sign = sign
        self.scored = 0

    def macs(self, choices):
        return 1000

    def proxy_score(self, choices, proxy):
        self.scored += 1
        # Exponents as SynFlow has them: a model that took scores as they are would see one only.
        return self.sign * 10 ** (30 * separable_reward(choices))


def rewards_of(sign: float, options: dict, seed: int) -> list[float]:
    sampler = SAMPLERS["model"].create(ScoredProblem(sign), seed, options)
    rewards = []
    for number in range(ASKS):
        proposal = sampler.ask(number)
        rewards.append(separable_reward(proposal.choices))
        sampler.tell(number, proposal, rewards[-1])
    return rewards


def test_first_proposals_are_good_where_the_proxy_is_right():
    cold = [np.mean(rewards_of(1, {}, seed)[:3]) for seed in range(3)]
    warm = [np.mean(rewards_of(1, {"warm_start": "synflow"}, seed)[:3]) for seed in range(3)]
    assert min(warm) > max(cold)


def test_results_overrule_a_proxy_that_misleads():
    for seed in range(2):
        best = np.maximum.accumulate(rewards_of(-1, {"warm_start": "synflow"}, seed))
        assert best[-1] == 1.0


def test_pool_is_scored_once_when_the_sampler_is_made():
    problem = ScoredProblem(1)
    sampler = SAMPLERS["model"].create(problem, 0, {"warm_start": "zen"})
    assert problem.scored == 64
    sampler.tell(0, sampler.ask(0), 0.5)
    sampler.ask(1)
    assert problem.scored == 64


def test_problem_that_cannot_score_is_named():
    with pytest.raises(ValueError, match="proxy 'zen': the problem was set up without proxy"):
        SAMPLERS["model"].create(new_spec().new_problem(), 0, {"warm_start": "zen"})


def test_unknown_proxy_is_refused_when_the_job_is_submitted():
    with pytest.raises(InvalidInputError, match="no proxy 'zem'; known: params"):
        new_spec(sampler="model", sampler_options={"warm_start": "zem"})


def test_estimate_of_scores_ranks_as_they_do_and_passes_over_missing_ones():
    features = np.random.default_rng(0).normal(size=(64, 3))
    worth = features @ np.array([3.0, -1.0, 0.0])
    scores = [None if i % 9 == 0 else float(10 ** (5 * w)) for i, w in enumerate(worth)]
    estimates = estimate_proxy(features, scores)(features)
    assert np.corrcoef(estimates, worth)[0, 1] > 0.95
    assert estimates.std() == pytest.approx(1.0, abs=0.2)


def test_estimate_of_nothing_is_nothing():
    features = np.ones((4, 2))
    assert not estimate_proxy(features, [None, None, 3.0, None])(features).any()
