from __future__ import annotations

import pytest

from nas.samplers.rl.rewards import Elite, RewardAverage


def test_advantage_is_measured_from_the_moving_average_in_usual_distances():
    average = RewardAverage(decay=0.5)
    assert average.advantage(1.0) == 0.0
    assert average.advantage(3.0) == pytest.approx(1.0)  # mean 1, distance 2
    assert average.mean == pytest.approx(2.0)
    assert average.advantage(0.0) == pytest.approx(-1.0)  # mean 2, distance 2
    assert RewardAverage(decay=0.9, mean=0.5).advantage(0.5) == 0.0


def test_one_catastrophe_counts_as_three_usual_distances():
    average = RewardAverage(decay=0.9)
    for reward in (0.90, 0.91, 0.90, 0.91):
        average.advantage(reward)
    assert average.advantage(0.1) == -3.0


def test_elite_keeps_the_best_with_different_answers_best_first():
    elite = Elite(3)
    for reward, row in (
        (0.2, (1,)),
        (0.5, (2,)),
        (0.5, (2,)),
        (0.1, (3,)),
        (0.5, (4,)),
        (0.4, (5,)),
    ):
        elite.add(reward, row)
    assert elite.members == [(0.5, (2,)), (0.5, (4,)), (0.4, (5,))]
    assert elite.rows == [(2,), (4,), (5,)]
