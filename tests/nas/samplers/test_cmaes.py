from __future__ import annotations

from collections import Counter

import pytest

from nas.samplers import SAMPLERS, Proposal
from search_spaces import Condition, Decision
from tests.nas.answers import AnswersProblem
from tests.nas.factories import SEPARABLE_DECISIONS, separable_reward


def new_sampler(decisions=SEPARABLE_DECISIONS, **options):
    return SAMPLERS["cmaes"].create(AnswersProblem(decisions), 0, options)


def search(sampler, numbers: range, reward=separable_reward) -> list[float]:
    rewards = []
    for number in numbers:
        proposal = sampler.ask(number)
        rewards.append(reward(proposal.choices))
        sampler.tell(number, proposal, rewards[-1])
    return rewards


def test_first_generation_is_uniform_over_the_choices():
    sampler = new_sampler((Decision("d", ("a", "b", "c", "d")),))
    drawn = Counter(sampler.ask(number).choices["d"] for number in range(800))
    assert all(150 < drawn[answer] < 250 for answer in "abcd")


def test_best_answers_are_found():
    rewards = search(new_sampler(), range(300))
    assert max(rewards) == 1.0
    assert sum(rewards[-30:]) > sum(rewards[:30]) + 5


def test_as_many_results_as_a_generation_has_make_the_next_one():
    sampler = new_sampler(population=6)
    asked = [sampler.ask(number).info["generation"] for number in range(5)]
    search(sampler, range(5, 11))
    assert asked == [0] * 5
    assert sampler.ask(11).info["generation"] == 1


def test_late_result_of_an_earlier_generation_counts_and_a_foreign_one_does_not():
    sampler = new_sampler(population=4)
    late = sampler.ask(0)
    search(sampler, range(1, 5))
    sampler.tell(0, late, 0.9)
    for number in range(5, 9):
        sampler.tell(number, Proposal(dict(late.choices)), 0.9)
    search(sampler, range(9, 11))
    assert sampler.ask(11).info["generation"] == 1
    search(sampler, range(11, 12))
    assert sampler.ask(12).info["generation"] == 2


def test_search_that_has_converged_starts_anew_with_larger_generations():
    sampler = new_sampler((Decision("d", ("a", "b")),), population=4)
    search(sampler, range(400), reward=lambda choices: float(choices["d"] == "a"))
    answers = {sampler.ask(number).choices["d"] for number in range(400, 430)}
    assert sampler._population > 4
    assert answers == {"a", "b"}


def test_answers_below_a_condition_are_learned():
    decisions = (
        Decision("deep", ("no", "yes")),
        Decision("kind", tuple(range(6)), (Condition("deep", frozenset({"yes"})),)),
    )
    sampler = new_sampler(decisions)
    rewards = search(sampler, range(150), lambda chosen: float(chosen.get("kind", -1) == 4))
    assert sum(rewards[30:60]) > 2 * sum(rewards[:30])


@pytest.mark.parametrize("choices", [5, 60])
def test_many_coordinates_are_searched_too(choices):
    decisions = tuple(Decision(f"d{i}", tuple(range(choices))) for i in range(5))
    sampler = new_sampler(decisions)
    rewards = search(
        sampler, range(300), lambda chosen: -sum(abs(int(a) - 3) for a in chosen.values()) / choices
    )
    assert sum(rewards[-50:]) > sum(rewards[:50]) + 5


def test_candidate_that_could_not_be_evaluated_counts_as_the_worst_so_far():
    punished, told_worst = new_sampler(population=4), new_sampler(population=4)
    for number in range(12):
        proposal = punished.ask(number)
        assert told_worst.ask(number) == proposal
        failed = number in (5, 6, 9)
        punished.tell(number, proposal, None if failed else 0.2 + number)
        told_worst.tell(number, proposal, 0.2 if failed else 0.2 + number)
