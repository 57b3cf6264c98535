from __future__ import annotations

from nas.samplers import SAMPLERS
from search_spaces import Decision
from search_spaces.variation import every_choices
from tests.nas.answers import AnswersProblem
from tests.nas.factories import CONDITIONAL_DECISIONS

INDEPENDENT = (Decision("a", (1, 2, 3)), Decision("b", ("x", "y")))


def proposals(decisions, seed, count):
    sampler = SAMPLERS["grid"].create(AnswersProblem(decisions), seed, {})
    return [sampler.ask(number).choices for number in range(count)]


def test_as_many_proposals_as_there_are_architectures_are_all_of_them():
    for seed in (0, 1, 5):
        found = proposals(INDEPENDENT, seed, 6)
        assert sorted(map(repr, found)) == sorted(map(repr, every_choices(INDEPENDENT)))
    assert proposals(INDEPENDENT, 0, 2) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_conditional_answers_are_all_reached():
    wanted = {repr(chosen) for chosen in every_choices(CONDITIONAL_DECISIONS)}
    assert {repr(chosen) for chosen in proposals(CONDITIONAL_DECISIONS, 0, 3 * 3 * 3 * 2)} == wanted
