from __future__ import annotations

import sys

import pytest

from tests.workers.training.factories import digits, new_training
from workers.training.acceleration import denormals_as_zero
from workers.training.candidate import CandidateTraining


def denormals_are_zero() -> bool:
    return sys.float_info.min / 2 == 0.0


class WatchedTraining(CandidateTraining):
    def train_step(self, *args):
        assert denormals_are_zero()
        return super().train_step(*args)


def test_denormals_are_zero_in_training_alone():
    few = digits(train=48, validation=48)
    training = new_training(few, kind=WatchedTraining)
    training.run_epoch()
    assert not denormals_are_zero()


def test_denormals_stay_zero_where_they_were_before():
    with denormals_as_zero():
        with denormals_as_zero():
            pass
        assert denormals_are_zero()
    assert not denormals_are_zero()


def test_denormals_are_back_after_an_error():
    with pytest.raises(ZeroDivisionError), denormals_as_zero():
        _ = 1 / 0
    assert not denormals_are_zero()
