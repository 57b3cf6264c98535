from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn

from nas.layout import WEIGHTS_NAME
from tests.workers.training.factories import CPU, digits, new_task, new_training, same_state
from workers.training.averaging import WeightAverage, decay_at
from workers.training.data import DeviceImages
from workers.training.evaluator import FinalTraining, TrainingEvaluator


@pytest.fixture(scope="module")
def few():
    return digits(train=150, validation=60)


def set_to(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def test_average_follows_its_recurrence_and_leaves_the_weights_alone():
    model = nn.Linear(2, 1)
    set_to(model, 4.0)
    average, expected = WeightAverage(model, decay=0.5), 4.0
    for step, value in enumerate([1.0, -2.0, 6.0, 0.0, 3.0] * 3):
        set_to(model, value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert torch.allclose(average.model.weight, torch.full((1, 2), expected))
        assert torch.equal(model.weight, torch.full((1, 2), value))


@given(st.integers(0, 10**6), st.floats(0.01, 0.9999))
def test_decay_rises_from_a_tenth_to_what_is_asked(step, decay):
    assert decay_at(0, decay) == min(0.1, decay)
    assert 0 < decay_at(step, decay) <= decay_at(step + 1, decay) <= decay
    assert decay_at(10**7, decay) == decay


def test_batch_norm_statistics_are_averaged_and_batches_counted():
    model = nn.BatchNorm1d(1)
    average = WeightAverage(model, decay=0.9)
    for step in range(3):
        model(torch.full((4, 1), 10.0 * step) + torch.arange(4.0)[:, None])
        average.update(step)
    assert 0 < average.model.running_mean < model.running_mean
    assert average.model.num_batches_tracked == model.num_batches_tracked == 3


def test_averaged_weights_are_the_ones_measured(few):
    plain, averaged = new_training(few), new_training(few, ema_decay=0.9)
    assert plain.run_epoch() == averaged.run_epoch()  # the average takes no part in training
    assert same_state(plain.model.state_dict(), averaged.model.state_dict())
    validation = DeviceImages(few.validation, CPU)
    assert plain.evaluate(validation).loss != averaged.evaluate(validation).loss
    averaged.measured_model.load_state_dict(plain.model.state_dict())
    assert plain.evaluate(validation) == averaged.evaluate(validation)


def test_restored_average_is_bit_for_bit_the_uninterrupted_one(few):
    uninterrupted = new_training(few, ema_decay=0.99)
    uninterrupted.run_epoch()
    restored = new_training(few, ema_decay=0.99, seed=99)
    restored.restore(copy.deepcopy(uninterrupted.state()))
    assert restored.run_epoch() == uninterrupted.run_epoch()
    assert same_state(restored.state(), uninterrupted.state())
    states = uninterrupted.state()
    assert not same_state(states["average"], states["model"])


@pytest.mark.parametrize("of", ["trial", "winner"])
def test_averaged_weights_are_the_ones_kept(tmp_path, few, of):
    task = new_task(tmp_path, epochs=2, ema_decay=0.95)
    runs = TrainingEvaluator(few).evaluate(task) if of == "trial" else FinalTraining(few).run(task)
    assert len(list(runs)) >= 2
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]
    kept = load_file(tmp_path / WEIGHTS_NAME)
    assert same_state(kept, dict(state["average"]))
    assert not same_state(kept, dict(state["model"]))
