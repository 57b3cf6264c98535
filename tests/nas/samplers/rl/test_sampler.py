from __future__ import annotations

from math import prod

import pytest
import torch

from nas.samplers import Proposal
from search_spaces import Decision, create_space
from tests.nas.factories import SEPARABLE_DECISIONS, separable_reward
from tests.nas.samplers.rl.factories import all_answers, sampler_with

SKIPS = create_space("chain", {"layers": 4, "filter_heights": [3], "filter_widths": [3]}).decisions


def weights(sampler) -> torch.Tensor:
    return torch.cat([p.detach().flatten().clone() for p in sampler.controller.parameters()])


def teach(sampler, numbers: range, reward=lambda choices: choices["width"] / 32) -> None:
    for number in numbers:
        proposal = sampler.ask(number)
        sampler.tell(number, proposal, reward(proposal.choices))


@pytest.mark.parametrize("exploration", [0.0, 0.5])
def test_log_probability_kept_is_that_of_the_policy_mixed_with_uniform_draws(exploration):
    sampler = sampler_with(exploration=exploration)
    for number in range(8):
        proposal = sampler.ask(number)
        with torch.no_grad():
            walk = sampler.controller.score(torch.tensor([sampler.plan.encode(proposal.choices)]))
        uniform = prod(
            1 / len(decision.choices)
            for decision in sampler.decisions
            if decision.name in proposal.choices
        )
        mixed = (1 - exploration) * walk.log_probability.exp() + exploration * uniform
        kept = proposal.info["log_probability"]
        assert kept == pytest.approx(float(mixed.log()), abs=1e-5)
        assert proposal.info["entropy"] == pytest.approx(float(walk.entropy), abs=1e-5)
        sampler.tell(number, proposal, 0.1 * number)


def test_share_of_proposals_is_uniform_however_settled_the_policy_is():
    decided = (Decision("d", tuple(range(4))),)
    sampler = sampler_with(decided, exploration=0.5, avoid_repeats=False, tanh_constant=None)
    with torch.no_grad():
        sampler.controller.heads["0"].bias.copy_(torch.tensor([50.0, 0.0, 0.0, 0.0]))
    answers = [sampler.ask(number).choices["d"] for number in range(200)]
    assert 0.25 < sum(answer != 0 for answer in answers) / 200 < 0.5


def test_policy_changes_only_when_a_batch_is_full():
    sampler = sampler_with(batch_size=3)
    start = weights(sampler)
    teach(sampler, range(2))
    assert torch.equal(weights(sampler), start) and sampler.updates == 0
    teach(sampler, range(2, 3))
    assert not torch.equal(weights(sampler), start) and sampler.updates == 1


def test_nothing_is_proposed_twice_until_all_has_been_and_then_the_search_goes_on():
    sampler = sampler_with(batch_size=4)
    seen = []
    for number in range(21):
        proposal = sampler.ask(number)
        seen.append(frozenset(proposal.choices.items()))
        if number % 3:  # every third result is still to come
            sampler.tell(number, proposal, float(proposal.choices["family"] == "dense"))
    assert set(seen) == {frozenset(answers.items()) for answers in all_answers()}
    assert frozenset(sampler.ask(21).choices.items()) in seen


def test_repeats_are_proposed_where_that_is_asked_for():
    sampler = sampler_with(avoid_repeats=False)
    proposals = [frozenset(sampler.ask(number).choices.items()) for number in range(30)]
    assert len(set(proposals)) < 30


def test_candidate_that_could_not_be_evaluated_counts_as_the_worst_so_far():
    punished, told_worst = sampler_with(elite_weight=0.0), sampler_with(elite_weight=0.0)
    rewards = [0.5, 0.2, None, 0.9, None, 0.1, None, 0.4, 0.3, 0.2]
    with_worst = [0.5, 0.2, 0.2, 0.9, 0.2, 0.1, 0.1, 0.4, 0.3, 0.2]
    for number, (reward, filled) in enumerate(zip(rewards, with_worst, strict=True)):
        proposal = punished.ask(number)
        assert told_worst.ask(number) == proposal
        punished.tell(number, proposal, reward)
        told_worst.tell(number, proposal, filled)
    assert punished.ask(10) == told_worst.ask(10)
    assert punished.updates == 2


def test_skip_connections_are_learned():
    """Nothing but attention can tell the skip decisions of a layer apart."""
    sampler = sampler_with(SKIPS)

    def reward(choices) -> float:
        return sum((name.endswith("skip0")) == answer for name, answer in choices.items()) / 10

    teach(sampler, range(100), reward)
    learned = {each.name: each.probabilities[1] for each in sampler.policy().decisions}
    assert learned["layer2.skip0"] > 0.6 > 0.4 > learned["layer2.skip1"]
    assert learned["layer3.skip0"] > 0.6 > 0.4 > learned["layer3.skip2"]


def test_policy_shown_has_the_marginals_of_all_answers():
    sampler = sampler_with()
    teach(sampler, range(15))
    rows = torch.tensor([sampler.plan.encode(answers) for answers in all_answers()])
    with torch.no_grad():
        exact = sampler.controller.score(rows).log_probability.exp()
    policy = sampler.policy()
    assert policy.update == sampler.updates == 3
    for position, shown in enumerate(policy.decisions):
        arises = rows[:, position] >= 0
        reached = float(exact[arises].sum())
        assert shown.reached == pytest.approx(reached, abs=0.15)
        assert sum(shown.probabilities) == pytest.approx(1, abs=1e-5)
        for number, probability in enumerate(shown.probabilities):
            share = float(exact[rows[:, position] == number].sum()) / reached
            assert probability == pytest.approx(share, abs=0.1)


def test_looking_at_the_policy_changes_nothing():
    watched, unwatched = sampler_with(), sampler_with()
    for number in range(12):
        proposal = watched.ask(number)
        assert unwatched.ask(number) == proposal
        assert watched.policy() == watched.policy()
        for sampler in (watched, unwatched):
            sampler.tell(number, proposal, 0.1 * number)


def test_foreign_proposals_are_learned_from():
    sampler = sampler_with(batch_size=2)
    start = weights(sampler)
    for number, width in enumerate((8, 32, 16, 8)):
        sampler.tell(number, Proposal({"family": "plain", "width": width}), width / 32)
    assert sampler.updates == 2 and not torch.equal(weights(sampler), start)


@pytest.mark.parametrize(
    "other",
    [
        sampler_with(hidden_size=32),
        sampler_with((Decision("family", ("plain", "dense")),)),
    ],
)
def test_state_of_another_sampler_is_refused_and_changes_nothing(other):
    sampler = sampler_with()
    start = weights(sampler)
    for state in (other.state(), b"", b"no state", other.state()[:200]):
        with pytest.raises(ValueError, match="the controller's state"):
            sampler.load_state(state)
    assert torch.equal(weights(sampler), start)
    assert sampler.ask(0) == sampler_with().ask(0)


def test_results_that_come_late_and_disordered_teach_it_too():
    """Eight at once, each answered up to fourteen proposals later."""
    sampler = sampler_with(SEPARABLE_DECISIONS, entropy_weight=0.05)
    rewards, pending = [], []
    for number in range(160):
        pending.append((number, sampler.ask(number)))
        if len(pending) == 8:
            late = pending.pop((number * 5) % 8)
            rewards.append(separable_reward(late[1].choices))
            sampler.tell(*late, rewards[-1])
    assert sum(rewards[-40:]) / 40 > sum(rewards[:40]) / 40 + 0.15
