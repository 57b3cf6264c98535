from __future__ import annotations

from nas.samplers import SAMPLERS, Proposal
from tests.nas.answers import AnswersProblem
from tests.nas.factories import SEPARABLE_DECISIONS

NAMES = [decision.name for decision in SEPARABLE_DECISIONS]


def test_parent_is_one_that_no_other_of_the_tournament_dominates():
    problem = AnswersProblem(SEPARABLE_DECISIONS, num_objectives=2)
    sampler = SAMPLERS["evolution"].create(problem, 0, {"population": 5, "tournament": 5})
    results = {0: (0.0, 1.0), 1: (1.0, 0.0), 2: (0.0, 0.0), 3: (0.9, 0.0), 4: (0.0, 0.9)}
    for answer, values in results.items():
        sampler.tell_values(answer, Proposal(dict.fromkeys(NAMES, answer)), values)
    parents = set()
    for number in range(5, 25):
        child = list(sampler.ask(number).choices.values())
        parent = max(set(child), key=child.count)
        assert child.count(parent) == len(NAMES) - 1  # one answer is mutated
        parents.add(parent)
    assert parents == {0, 1}
