from __future__ import annotations

import math

import pytest

from nas.samplers import (
    SAMPLERS,
    CheckpointedSampler,
    MultiObjectiveSampler,
    Proposal,
    Sampler,
    find_or_raise_sampler,
)
from search_spaces import Choices, Decision, active_decisions, check_choices
from tests.nas.answers import AnswersProblem
from tests.nas.factories import CONDITIONAL_DECISIONS, SEPARABLE_DECISIONS, separable_reward

SEPARABLE = AnswersProblem(SEPARABLE_DECISIONS)


def reward_of(number: int, proposal: Proposal) -> float | None:
    """A reward that depends on the answers, missing for every seventh proposal."""
    if number % 7 == 3:
        return None
    width = int(proposal.choices.get("width", 0))
    return width / 32 + 0.1 * (proposal.choices.get("family") == "dense")


def four_at_once(sampler: Sampler, *, asks: int):
    """Ask while results come late and out of order; return what was told and what is pending."""
    told, pending = [], []
    for number in range(asks):
        pending.append((number, sampler.ask(number)))
        if len(pending) == 4:
            late = pending.pop((number * 7) % 4)
            told.append((*late, reward_of(*late)))
            sampler.tell(*told[-1])
    return told, pending


@pytest.mark.parametrize("name", SAMPLERS)
class TestSamplerContract:
    def new(
        self, name: str, seed: int = 3, decisions: tuple[Decision, ...] = CONDITIONAL_DECISIONS
    ) -> Sampler:
        return SAMPLERS[name].create(AnswersProblem(decisions), seed, {})

    def test_answers_exactly_the_decisions_that_arise(self, name):
        sampler = self.new(name)
        families = set()
        for number in range(40):
            proposal = sampler.ask(number)
            check_choices(CONDITIONAL_DECISIONS, proposal.choices)
            arising = active_decisions(CONDITIONAL_DECISIONS, proposal.choices)
            assert list(proposal.choices) == [decision.name for decision in arising]
            families.add(proposal.choices["family"])
            sampler.tell(number, proposal, reward_of(number, proposal))
        assert len(families) > 1

    def test_figures_it_notes_are_finite_numbers(self, name):
        sampler = self.new(name)
        for number in range(6):
            proposal = sampler.ask(number)
            assert all(math.isfinite(value) for value in proposal.info.values())
            sampler.tell(number, proposal, 0.5)

    def test_same_seed_proposes_the_same_and_another_seed_does_not(self, name):
        sequences = []
        for seed in (1, 1, 2):
            sampler = self.new(name, seed)
            proposals = []
            for number in range(25):
                proposals.append(sampler.ask(number))
                sampler.tell(number, proposals[-1], reward_of(number, proposals[-1]))
            sequences.append(proposals)
        assert sequences[0] == sequences[1]
        assert sequences[0] != sequences[2]

    def test_repeating_the_tells_rebuilds_it_at_every_point(self, name):
        lived, told = self.new(name), []
        for number in range(24):
            rebuilt = self.new(name)
            for tell in told:
                rebuilt.tell(*tell)
            proposal = lived.ask(number)
            assert rebuilt.ask(number) == proposal
            told.append((number, proposal, reward_of(number, proposal)))
            lived.tell(*told[-1])

    def test_repeating_late_and_disordered_tells_rebuilds_it(self, name):
        lived = self.new(name)
        told, pending = four_at_once(lived, asks=45)
        for late in reversed(pending):
            told.append((*late, reward_of(*late)))
            lived.tell(*told[-1])
        rebuilt = self.new(name)
        for tell in told:
            rebuilt.tell(*tell)
        assert [rebuilt.ask(n) for n in range(45, 52)] == [lived.ask(n) for n in range(45, 52)]

    def test_expecting_what_is_pending_rebuilds_it_in_mid_flight(self, name):
        lived = self.new(name)
        told, pending = four_at_once(lived, asks=30)
        rebuilt = self.new(name)
        for tell in told:
            rebuilt.tell(*tell)
        for number, proposal in pending:
            rebuilt.expect(number, proposal)
        assert [rebuilt.ask(n) for n in range(30, 36)] == [lived.ask(n) for n in range(30, 36)]

    def test_repeating_what_was_told_and_withdrawn_rebuilds_it_in_mid_round(self, name):
        lived, events, number = self.new(name), [], 0
        for _ in range(8):
            asked = [(number + i, lived.ask(number + i)) for i in range(3)]
            number += 3
            best, *others = sorted(asked, key=lambda pair: reward_of(0, pair[1]) or 0.0)
            for other in others:
                events.append(("withdraw", other))
                lived.withdraw(*other)
            events.append(("tell", (*best, reward_of(0, best[1]))))
            lived.tell(*events[-1][1])
        held = [(number + i, lived.ask(number + i)) for i in range(2)]
        rebuilt = self.new(name)
        for event, arguments in events:
            getattr(rebuilt, event)(*arguments)
        for each in held:
            rebuilt.expect(*each)
        assert [rebuilt.ask(n) for n in range(26, 30)] == [lived.ask(n) for n in range(26, 30)]

    def test_candidates_that_could_not_be_evaluated_do_no_harm(self, name):
        sampler = self.new(name)
        for number in range(15):
            sampler.tell(number, sampler.ask(number), None)
        for number in range(15, 30):
            proposal = sampler.ask(number)
            check_choices(CONDITIONAL_DECISIONS, proposal.choices)
            sampler.tell(number, proposal, 0.5)

    def test_takes_the_result_of_a_proposal_it_did_not_make(self, name):
        sampler = self.new(name)
        for number in range(12):
            sampler.tell(number, Proposal({"family": "plain", "width": 8}), 0.1 * number)
        check_choices(CONDITIONAL_DECISIONS, sampler.ask(12).choices)

    def test_space_of_one_architecture_is_no_problem(self, name):
        sampler = self.new(name, decisions=(Decision("only", ("one",)),))
        for number in range(15):
            proposal = sampler.ask(number)
            assert proposal.choices == {"only": "one"}
            sampler.tell(number, proposal, 1.0)

    def test_does_not_disturb_global_random_generators(self, name):
        import numpy as np
        import torch

        torch.manual_seed(5)
        np.random.seed(5)
        expected = torch.rand(3), np.random.rand(3)
        torch.manual_seed(5)
        np.random.seed(5)
        sampler = self.new(name)
        for number in range(12):
            sampler.tell(number, sampler.ask(number), 0.1 * number)
        assert torch.equal(torch.rand(3), expected[0])
        assert (np.random.rand(3) == expected[1]).all()

    def test_unknown_option_is_named(self, name):
        with pytest.raises(ValueError, match=rf"of sampler '{name}': colour: Extra"):
            SAMPLERS[name].create(AnswersProblem(CONDITIONAL_DECISIONS), 0, {"colour": "red"})


CHECKPOINTED = [
    name
    for name, entry in SAMPLERS.items()
    if isinstance(entry.create(SEPARABLE, 0, {}), CheckpointedSampler)
]


@pytest.mark.parametrize("name", CHECKPOINTED)
@pytest.mark.parametrize("kept_at", [0, 7, 20])
def test_kept_state_and_later_tells_rebuild_it_bit_for_bit(name, kept_at):
    lived, rebuilt = (
        SAMPLERS[name].create(AnswersProblem(CONDITIONAL_DECISIONS), 3, {}) for _ in range(2)
    )
    told, pending = four_at_once(lived, asks=30)
    witness = SAMPLERS[name].create(AnswersProblem(CONDITIONAL_DECISIONS), 3, {})
    for tell in told[:kept_at]:
        witness.tell(*tell)
    rebuilt.load_state(witness.state())
    for tell in told[kept_at:]:
        rebuilt.tell(*tell)
    for number, proposal in pending:
        rebuilt.expect(number, proposal)
    for number in range(30, 45):
        proposal = lived.ask(number)
        assert rebuilt.ask(number) == proposal  # with its log-probability, to the last bit
        for sampler in (lived, rebuilt):
            sampler.tell(number, proposal, reward_of(number, proposal))


MULTI_OBJECTIVE = [
    name
    for name, entry in SAMPLERS.items()
    if isinstance(entry.create(SEPARABLE, 0, {}), MultiObjectiveSampler)
]


def two_values(choices: Choices) -> tuple[float, float]:
    """Two objectives that disagree: many large answers, and a small sum of the first three."""
    answers = [int(answer) for answer in choices.values()]
    return sum(answers) / 24, -sum(answers[:3]) / 12


@pytest.mark.parametrize("name", MULTI_OBJECTIVE)
def test_several_objectives_are_told_and_rebuild_it(name):
    tells = 14 if name == "gp" else 40  # more than its startup, or than a generation

    def new() -> MultiObjectiveSampler:
        problem = AnswersProblem(SEPARABLE_DECISIONS, num_objectives=2)
        return SAMPLERS[name].create(problem, 3, {})

    lived, rebuilt = new(), new()
    for number in range(tells):
        proposal = lived.ask(number)
        values = None if number % 9 == 4 else two_values(proposal.choices)
        for sampler in (lived, rebuilt):
            sampler.tell_values(number, proposal, values)
    after = range(tells, tells + 3)
    assert [rebuilt.ask(n) for n in after] == [lived.ask(n) for n in after]


def test_registry_names_its_entries_and_refuses_others():
    assert all(entry.name == name and entry.summary for name, entry in SAMPLERS.items())
    with pytest.raises(ValueError, match=r"no sampler 'luck'; known: .*random"):
        find_or_raise_sampler("luck")


def mean_reward(name: str, seed: int, *, asks: int, last: int, **options) -> float:
    """Search a landscape where each decision counts by itself; average the last rewards."""
    sampler = SAMPLERS[name].create(SEPARABLE, seed, options)
    rewards = []
    for number in range(asks):
        proposal = sampler.ask(number)
        rewards.append(separable_reward(proposal.choices))
        sampler.tell(number, proposal, rewards[-1])
    return sum(rewards[-last:]) / last


@pytest.mark.parametrize(
    ("name", "options", "asks"),
    [
        ("rl", {}, 100),
        ("rl", {"ppo_clip": None, "elite_weight": 0.0, "batch_size": 2}, 100),
        ("tpe", {}, 100),
        ("model", {}, 40),
        ("evolution", {}, 100),
        ("evolution", {"crossover": 0.5}, 100),
        ("local", {}, 100),
        ("gp", {}, 30),
        ("nsga2", {"population": 20}, 100),
        ("nsga3", {"population": 20}, 100),
        ("cmaes", {}, 100),
    ],
)
def test_learning_sampler_beats_random_on_a_separable_landscape(name, options, asks):
    seeds = range(3)
    last = asks // 3
    learned = [mean_reward(name, seed, asks=asks, last=last, **options) for seed in seeds]
    random = [mean_reward("random", seed, asks=asks, last=last) for seed in seeds]
    assert sum(learned) / 3 > sum(random) / 3 + 0.1
