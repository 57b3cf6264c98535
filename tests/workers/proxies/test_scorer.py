from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nas.proxies import PROXIES
from nas.recipe import Recipe
from search_spaces import create_space, spaces
from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study
from tests.search_spaces.strategies import every_operation
from tests.workers.training.factories import CPU, SMALL, digits
from workers.proxies.scorer import ProxyScorer

SHAPE = (1, 8, 8)


TRAIN = digits(train=64).train


def new_scorer(*, seed: int = 0) -> ProxyScorer:
    return ProxyScorer(TRAIN, SHAPE, 10, recipe=Recipe(batch_size=8), seed=seed, device=CPU)


@pytest.mark.parametrize("proxy", PROXIES)
class TestProxyContract:
    def test_same_seed_scores_the_same_and_only_data_and_weights_change_it(self, proxy):
        first, again, other = (new_scorer(seed=s).score(SMALL, proxy) for s in (3, 3, 4))
        assert first.value == again.value
        assert (first.value == other.value) == (proxy in ("params", "macs"))
        assert first.seconds > 0

    def test_scores_architectures_of_every_space(self, proxy):
        scorer = new_scorer()
        for name in spaces():
            space = create_space(name, {}, SHAPE)
            score = scorer.score(space.sample(np.random.default_rng(0)), proxy)
            assert math.isfinite(score.value)

    def test_scores_every_operation(self, proxy):
        scorer = new_scorer()
        for architecture in every_operation():
            assert math.isfinite(scorer.score(architecture, proxy).value)

    def test_global_randomness_is_left_alone(self, proxy):
        before = torch.random.get_rng_state()
        new_scorer().score(SMALL, proxy)
        assert torch.equal(before, torch.random.get_rng_state())


def test_one_proxy_leaves_no_trace_in_the_next():
    scorer = new_scorer()
    scores = [[scorer.score(SMALL, proxy).value for proxy in PROXIES] for _ in range(2)]
    assert scores[0] == scores[1]


def test_sizes_are_those_of_the_analysis():
    scorer, analysis = new_scorer(), analyze(SMALL, SHAPE, 10)
    assert scorer.score(SMALL, "params").value == analysis.params
    assert scorer.score(SMALL, "macs").value == analysis.macs


def test_synflow_of_an_inverted_residual_network_does_not_saturate():
    architecture = find_or_raise_case_study("mobilenet-v2").architecture
    score = new_scorer().score(architecture, "synflow")
    assert score.value > 0 and math.isfinite(score.value)


def test_unknown_proxy_is_refused_by_name():
    with pytest.raises(ValueError, match="no proxy 'zem'; known: params, macs"):
        new_scorer().score(SMALL, "zem")
