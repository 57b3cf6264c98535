from __future__ import annotations

import math

import pytest

from nas.samplers.rl.learning import Experience, PolicyGradient
from tests.nas.samplers.rl.factories import sampler_with

GOOD = {"family": "plain", "width": 8}
BAD = {"family": "residual", "width": 32, "ratio": 4}


class Learner:
    """A policy gradient on the conditional decisions, told of answers instead of rows."""

    def __init__(self, **options: object) -> None:
        self.sampler = sampler_with(**({"entropy_weight": 0.0} | options))
        self.learner = PolicyGradient(self.sampler.controller, self.sampler.options)

    def row(self, choices) -> tuple[int, ...]:
        return tuple(self.sampler.plan.encode(choices))

    def log_probability(self, choices) -> float:
        import torch

        with torch.no_grad():
            rows = torch.tensor([self.row(choices)])
            return float(self.sampler.controller.score(rows).log_probability)

    def loss(self, choices, advantage: float, ratio: float | None) -> float:
        behaviour = None if ratio is None else self.log_probability(choices) - math.log(ratio)
        experience = Experience(self.row(choices), advantage, behaviour)
        return float(self.learner.loss([experience], []).detach())


def test_ppo_gain_stops_growing_beyond_the_clip():
    learner = Learner(ppo_clip=0.2)
    for ratio, advantage, expected in (
        (1.1, 1.0, -1.1),
        (2.0, 1.0, -1.2),
        (0.5, 1.0, -0.5),
        (0.5, -1.0, 0.8),
        (2.0, -1.0, 2.0),
        (None, 1.0, -1.0),
    ):
        assert learner.loss(GOOD, advantage, ratio) == pytest.approx(expected, abs=1e-4)


def test_reinforce_weighs_late_results_by_their_ratio_up_to_one():
    learner = Learner(ppo_clip=None)
    now = learner.log_probability(GOOD)
    for ratio, weight in ((1.0, 1.0), (0.25, 0.25), (4.0, 1.0), (None, 1.0)):
        assert learner.loss(GOOD, 2.0, ratio) == pytest.approx(-2 * weight * now, abs=1e-4)


@pytest.mark.parametrize("ppo_clip", [None, 0.2])
def test_rewarded_answers_become_likelier_and_punished_ones_rarer(ppo_clip):
    learner = Learner(ppo_clip=ppo_clip)
    before = learner.log_probability(GOOD) - learner.log_probability(BAD)
    for _ in range(20):
        learner.learner.update(
            [
                Experience(learner.row(choices), advantage, learner.log_probability(choices))
                for choices, advantage in ((GOOD, 1.0), (BAD, -1.0))
            ],
            [],
        )
    assert learner.log_probability(GOOD) - learner.log_probability(BAD) > before + 1


def test_elite_is_imitated_however_ordinary_the_batch_was():
    with_elite, without = (Learner(elite_weight=weight) for weight in (1.0, 0.0))
    for learner in (with_elite, without):
        before = learner.log_probability(GOOD)
        batch = [Experience(learner.row(BAD), 0.0, learner.log_probability(BAD))]
        for _ in range(10):
            learner.learner.update(batch, [learner.row(GOOD)])
        grown = learner.log_probability(GOOD) - before
        assert grown > 1 if learner is with_elite else abs(grown) < 1e-6


def test_entropy_bonus_is_halved_after_its_half_life():
    learner = Learner(entropy_weight=0.4, entropy_half_life=8)
    batch = [Experience(learner.row(GOOD), 0.0, None)] * 4
    weights = []
    for _ in range(5):
        weights.append(learner.learner.entropy_weight)
        learner.learner.update(batch, [])
    assert weights[::2] == pytest.approx([0.4, 0.2, 0.1])
    assert Learner(entropy_weight=0.4, entropy_half_life=None).learner.entropy_weight == 0.4


def test_entropy_bonus_keeps_the_policy_undecided():
    def entropy_after(weight: float) -> float:
        sampler = sampler_with(
            entropy_weight=weight, elite_weight=0.0, avoid_repeats=False, exploration=0
        )
        for number in range(80):
            proposal = sampler.ask(number)
            sampler.tell(number, proposal, float(proposal.choices["width"] == 32))
        return sampler.ask(80).info["entropy"]

    assert entropy_after(5.0) > entropy_after(0.0) + 0.2
