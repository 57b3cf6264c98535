from __future__ import annotations

import pytest
from optuna.trial import TrialState

from nas.samplers import SAMPLERS, Proposal
from search_spaces import Condition, Decision
from tests.nas.answers import AnswersProblem
from tests.nas.factories import SEPARABLE_DECISIONS, separable_reward

POPULATION = 8


def new_sampler(name: str, decisions=SEPARABLE_DECISIONS, *, num_objectives: int = 1, seed=0):
    problem = AnswersProblem(decisions, num_objectives=num_objectives)
    return SAMPLERS[name].create(problem, seed, {"population": POPULATION})


def generations(sampler) -> list[int]:
    """Return the generation of each result, in the order in which they were told."""
    return [
        next(value for key, value in trial.system_attrs.items() if key.endswith(":generation"))
        for trial in sampler._study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    ]


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_generation_is_complete_after_so_many_results_however_late_they_come(name):
    sampler = new_sampler(name)
    pending = [(number, sampler.ask(number)) for number in range(20)]
    for number, proposal in reversed(pending):
        reward = None if number == 10 else separable_reward(proposal.choices)
        sampler.tell(number, proposal, reward)
    assert generations(sampler) == [0] * 8 + [1] * 8 + [2] * 3


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_first_generation_is_random_and_later_ones_resemble_the_best(name):
    sampler = new_sampler(name)
    rewards = []
    for number in range(10 * POPULATION):
        proposal = sampler.ask(number)
        rewards.append(separable_reward(proposal.choices))
        sampler.tell(number, proposal, rewards[-1])
    first, last = rewards[:POPULATION], rewards[-POPULATION:]
    assert sum(last) > sum(first) + 0.2 * POPULATION


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_front_of_two_objectives_spreads(name):
    """Rewarded for many large and for many small answers, both ends must be found."""
    sampler = new_sampler(name, num_objectives=2)
    found = set()
    for number in range(25 * POPULATION):
        proposal = sampler.ask(number)
        total = sum(int(answer) for answer in proposal.choices.values())
        middling = sum(int(answer) == 2 for answer in proposal.choices.values())
        found.add(total)
        sampler.tell_values(number, proposal, (total - 3 * middling, -total - 3 * middling))
    assert min(found) <= 3 and max(found) >= 21


def test_answers_that_seldom_arise_are_inherited():
    """An answer below a condition is learned, though not every result has it."""
    decisions = (
        Decision("deep", ("no", "yes")),
        Decision("kind", tuple(range(10)), (Condition("deep", frozenset({"yes"})),)),
    )
    sampler = new_sampler("nsga2", decisions)
    answers = []
    for number in range(14 * POPULATION):
        proposal = sampler.ask(number)
        answers.append(proposal.choices.get("kind"))
        sampler.tell(number, proposal, float(proposal.choices.get("kind", -1) == 7))
    assert answers[-2 * POPULATION :].count(7) > POPULATION / 2


def test_foreign_result_becomes_a_parent_too():
    sampler = new_sampler("nsga2")
    best = dict.fromkeys((decision.name for decision in SEPARABLE_DECISIONS), 3)
    for number in range(POPULATION):
        sampler.tell(number, Proposal(dict(best)), 1.0)
    child = sampler.ask(POPULATION).choices
    assert sum(child[name] == 3 for name in best) >= 3
