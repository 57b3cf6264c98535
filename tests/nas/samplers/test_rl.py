from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from nas.samplers.base import Proposal
from nas.samplers.options import RLOptions
from nas.samplers.rl.controller import Controller
from nas.samplers.rl.sampler import RewardAverage, RLSampler
from search_spaces import Decision
from tests.nas.answers import AnswersProblem
from tests.nas.factories import CONDITIONAL_DECISIONS


def sampler_with(**options) -> RLSampler:
    return RLSampler(AnswersProblem(CONDITIONAL_DECISIONS), 0, RLOptions(**options))


def all_answers() -> list[dict[str, str | int]]:
    found = []
    for family, width in product(("plain", "residual", "dense"), (8, 16, 32)):
        start = {"family": family, "width": width}
        if family == "plain":
            found.append(start)
        elif family == "residual":
            found += [start | {"ratio": ratio} for ratio in (2, 4)]
        else:
            found += [start | {"growth": growth} for growth in (4, 8)]
            found += [start | {"growth": 12, "wide_growth_drop": drop} for drop in ("no", "yes")]
    return found


@pytest.mark.parametrize("options", [{}, {"temperature": 3.0}, {"tanh_constant": None}])
def test_probabilities_of_all_answers_add_up_to_one(options):
    controller = sampler_with(**options).controller
    with torch.no_grad():
        total = sum(math.exp(float(controller.score(answers)[0])) for answers in all_answers())
    assert total == pytest.approx(1.0, abs=1e-5)


def test_log_probability_kept_with_a_proposal_is_the_controllers_score():
    sampler = sampler_with()
    for number in range(12):
        proposal = sampler.ask(number)
        with torch.no_grad():
            log_probability, entropy = sampler.controller.score(proposal.choices)
        assert proposal.info["log_probability"] == pytest.approx(float(log_probability), abs=1e-6)
        assert proposal.info["entropy"] == pytest.approx(float(entropy), abs=1e-6)
        sampler.tell(number, proposal, 0.1 * number)


def test_answers_are_drawn_as_often_as_their_probability_says():
    controller = Controller(
        (Decision("d", ("a", "b", "c")),), hidden_size=4, temperature=1.0, tanh_constant=None
    )
    with torch.no_grad():
        controller.heads[0].bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    draws = torch.Generator().manual_seed(0)
    drawn = [controller.sample(draws)[0]["d"] for _ in range(2000)]
    for answer in "abc":
        expected = math.exp(float(controller.score({"d": answer})[0].detach()))
        assert drawn.count(answer) / 2000 == pytest.approx(expected, abs=0.05)


def test_tanh_constant_bounds_the_logits_and_temperature_flattens_them():
    def spread(**settings) -> float:
        torch.manual_seed(0)
        controller = Controller((Decision("d", (0, 1)),), hidden_size=4, **settings)
        with torch.no_grad():
            controller.heads[0].bias.copy_(torch.tensor([-50.0, 50.0]))
            return float(controller.score({"d": 1})[0] - controller.score({"d": 0})[0])

    assert spread(temperature=1.0, tanh_constant=2.5) == pytest.approx(5.0, abs=1e-4)
    assert spread(temperature=1.0, tanh_constant=None) > 90
    assert spread(temperature=100.0, tanh_constant=None) < 2


def test_policy_changes_only_when_a_batch_is_full():
    sampler = sampler_with(batch_size=3)

    def weights() -> torch.Tensor:
        parameters = sampler.controller.parameters()
        return torch.cat([p.detach().flatten().clone() for p in parameters])

    start = weights()
    for number in range(2):
        sampler.tell(number, sampler.ask(number), 0.2 * number)
    assert torch.equal(weights(), start)
    sampler.tell(2, sampler.ask(2), 0.9)
    assert not torch.equal(weights(), start)


@pytest.mark.parametrize("ppo_clip", [None, 0.2])
def test_rewarded_answers_become_likelier_and_punished_ones_rarer(ppo_clip):
    sampler = sampler_with(batch_size=2, ppo_clip=ppo_clip, entropy_weight=0.0)
    bad = {"family": "residual", "width": 32, "ratio": 4}
    good = {"family": "plain", "width": 8}

    def likelihood(choices: dict[str, str | int]) -> float:
        return float(sampler.controller.score(choices)[0].detach())

    before = likelihood(good) - likelihood(bad)
    for number in range(0, 40, 2):
        for offset, (choices, reward) in enumerate(((bad, 0.1), (good, 0.9))):
            info = {"log_probability": likelihood(choices)}
            sampler.tell(number + offset, Proposal(dict(choices), info), reward)
    assert likelihood(good) - likelihood(bad) > before + 1


def test_ppo_gain_stops_growing_beyond_the_clip():
    sampler = sampler_with(ppo_clip=0.2, entropy_weight=0.0)
    choices = {"family": "plain", "width": 8}
    now = float(sampler.controller.score(choices)[0].detach())

    def loss(ratio: float, advantage: float) -> float:
        proposal = Proposal(dict(choices), {"log_probability": now - math.log(ratio)})
        return float(sampler._loss(proposal, advantage).detach())

    assert loss(1.1, 1.0) == pytest.approx(-1.1, abs=1e-4)
    assert loss(2.0, 1.0) == pytest.approx(-1.2, abs=1e-4)
    assert loss(0.5, 1.0) == pytest.approx(-0.5, abs=1e-4)
    assert loss(0.5, -1.0) == pytest.approx(0.8, abs=1e-4)
    assert loss(2.0, -1.0) == pytest.approx(2.0, abs=1e-4)


def test_entropy_bonus_keeps_the_policy_undecided():
    def entropy_after(weight: float) -> float:
        sampler = sampler_with(batch_size=4, entropy_weight=weight)
        for number in range(80):
            proposal = sampler.ask(number)
            sampler.tell(number, proposal, float(proposal.choices["width"] == 32))
        return sampler.ask(80).info["entropy"]

    assert entropy_after(5.0) > entropy_after(0.0) + 0.3


def test_candidate_that_could_not_be_evaluated_counts_as_the_worst_so_far():
    punished, told_worst = sampler_with(), sampler_with()
    rewards = [0.5, 0.2, None, 0.9, None, 0.1, None, 0.4]
    with_worst = [0.5, 0.2, 0.2, 0.9, 0.2, 0.1, 0.1, 0.4]
    for number, (reward, filled) in enumerate(zip(rewards, with_worst, strict=True)):
        proposal = punished.ask(number)
        assert told_worst.ask(number) == proposal
        punished.tell(number, proposal, reward)
        told_worst.tell(number, proposal, filled)
    assert punished.ask(8) == told_worst.ask(8)


def test_advantage_is_measured_from_the_moving_average_in_usual_distances():
    average = RewardAverage(decay=0.5)
    assert average.advantage(1.0) == 0.0
    assert average.advantage(3.0) == pytest.approx(1.0)  # mean 1, distance 2
    assert average.mean == pytest.approx(2.0)
    assert average.advantage(0.0) == pytest.approx(-1.0)  # mean 2, distance 2
    assert RewardAverage(decay=0.9, mean=0.5).advantage(0.5) == 0.0
