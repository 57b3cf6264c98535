from __future__ import annotations

import numpy as np
import pytest

from nas.problem import SearchProblem
from nas.samplers import MultiObjectiveSampler, Proposal, create_sampler
from nas.samplers.random import RandomSampler
from nas.samplers.scalarizing import FIRST_SCALING, ScalarizingSampler, Scale, weightings
from tests.nas.answers import AnswersSpace
from tests.nas.factories import SEPARABLE_DECISIONS

SPACE = AnswersSpace(SEPARABLE_DECISIONS)


def problem(objectives: int) -> SearchProblem:
    return SearchProblem(SPACE, (1, 8, 8), 10, num_objectives=objectives)


class Listener(RandomSampler):
    """Remembers what it is told."""

    def __init__(self, problem: SearchProblem, seed: int) -> None:
        super().__init__(problem, seed)
        self.told: list[tuple[int, float | None]] = []
        self.expected: list[int] = []

    def expect(self, number: int, proposal: Proposal) -> None:
        self.expected.append(number)

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        self.told.append((number, reward))


def listening() -> tuple[ScalarizingSampler, list[Listener]]:
    made: list[Listener] = []

    def create() -> Listener:
        made.append(Listener(problem(2), 0))
        return made[-1]

    return ScalarizingSampler(problem(2), 0, create), made


@pytest.mark.parametrize(("objectives", "count"), [(2, 5), (3, 6), (4, 4), (5, 5), (6, 6)])
def test_weightings_lie_evenly_inside_the_simplex(objectives, count):
    found = weightings(objectives)
    assert len(set(found)) == len(found) == count
    for weights in found:
        assert sum(weights) == pytest.approx(1)
        assert min(weights) > 0
    assert np.allclose(np.mean(found, axis=0), 1 / objectives)


def test_scaled_values_are_zero_at_the_median_and_one_at_the_best():
    scale = Scale.of([(0.1, -5e6), (0.8, -3e6), (0.9, -1e6)])
    weights = (0.5, 0.5)
    assert scale.chebyshev((0.9, -1e6), weights) == pytest.approx(0)
    assert scale.chebyshev((0.8, -3e6), weights) == pytest.approx(-(0.5 + 0.05 * 1.0))
    assert scale.chebyshev((0.9, -3e6), weights) == pytest.approx(-(0.5 + 0.05 * 0.5))


def test_better_in_one_value_is_always_worth_more():
    scale = Scale.of([(0.1, -5.0), (0.8, -3.0), (0.9, -1.0)])
    for weights in weightings(2):
        assert scale.chebyshev((0.85, -2.0), weights) > scale.chebyshev((0.85, -2.5), weights)
        assert scale.chebyshev((0.95, -0.5), weights) > scale.chebyshev((0.9, -0.5), weights)


def test_objective_without_differences_changes_nothing():
    scale = Scale.of([(0.5, -1.0), (0.5, -2.0), (0.5, -3.0)])
    assert scale.chebyshev((0.5, -1.0), (0.5, 0.5)) == pytest.approx(0)


def test_each_sampler_proposes_in_turn_and_learns_every_result():
    sampler, made = listening()
    assert len(made) == 5
    proposals = {number: sampler.ask(number) for number in range(3)}
    sampler.tell_values(1, proposals[1], (0.5, -2.0))
    sampler.tell_values(2, proposals[2], None)
    assert all(len(each.told) == 2 and each.told[1] == (2, None) for each in made)
    rewards = {each.told[0][1] for each in made}
    assert len(rewards) > 1


def test_samplers_are_made_anew_when_results_have_doubled():
    sampler, made = listening()
    sampler.ask(99)
    proposals = [sampler.ask(number) for number in range(2 * FIRST_SCALING)]
    for number, proposal in enumerate(proposals):
        sampler.tell_values(number, proposal, (number / 10, -float(number)))
        anew = 1 + (number + 1 >= FIRST_SCALING) + (number + 1 >= 2 * FIRST_SCALING)
        assert len(made) == 5 * anew
    latest = made[-5:]
    assert all([n for n, _ in each.told] == list(range(2 * FIRST_SCALING)) for each in latest)
    assert [each.expected for each in latest] == [[], [], [], [], [99]]


def test_one_weighting_prefers_the_first_objective_and_another_the_second():
    sampler, made = listening()
    proposal = sampler.ask(0)
    for number, values in enumerate(((0.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.2, 0.1))):
        sampler.tell_values(number, proposal, values)
    better_first = [each.told[1][1] > each.told[0][1] for each in made[-5:]]
    assert any(better_first) and not all(better_first)


def test_sampler_for_one_objective_is_left_alone():
    assert type(create_sampler("local", problem(1), 0, {})).__name__ == "LocalSampler"
    several = create_sampler("local", problem(2), 0, {})
    assert isinstance(several, MultiObjectiveSampler)
