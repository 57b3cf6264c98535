from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nas.errors import TrialFailedError
from nas.recipe import Optimizer
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of
from tests.workers.training.factories import CPU, SMALL, digits, new_training, same_state
from workers.training.acceleration import Acceleration
from workers.training.candidate import new_model
from workers.training.data import DeviceImages


@pytest.fixture(scope="module")
def few():
    return digits(train=150, validation=60)


def test_small_cell_learns_the_digits():
    data = digits()
    training = new_training(data, epochs=4)
    losses = [training.run_epoch() for _ in range(4)]
    metrics = training.evaluate(DeviceImages(data.validation, CPU))
    assert losses[-1] < losses[0]
    assert metrics.accuracy > 0.5  # chance is 0.1
    assert metrics.loss < 1.6  # chance is 2.3


def test_single_precision_is_for_what_is_measured_within_it(few):
    acceleration = Acceleration(autocast=frozenset({"cpu"}))
    halved, whole = new_training(few, acceleration=acceleration), new_training(few)
    whole.run_epoch()
    halved.restore(whole.state())
    validation = DeviceImages(few.validation, CPU)
    assert halved.evaluate(validation) != whole.evaluate(validation)
    with halved.in_single_precision():
        assert halved.evaluate(validation) == whole.evaluate(validation)
    assert halved.evaluate(validation) != whole.evaluate(validation)


@pytest.mark.parametrize("stop_after", [1, 2])
def test_restored_training_is_bit_for_bit_the_uninterrupted_one(few, stop_after):
    uninterrupted = new_training(few)
    for _ in range(stop_after):
        uninterrupted.run_epoch()
    state = copy.deepcopy(uninterrupted.state())
    expected = [uninterrupted.run_epoch() for _ in range(3 - stop_after)]
    restored = new_training(few, seed=99)
    restored.restore(state)
    assert restored.epoch == stop_after
    assert [restored.run_epoch() for _ in range(3 - stop_after)] == expected
    assert same_state(restored.state(), uninterrupted.state())
    validation = DeviceImages(few.validation, CPU)
    assert restored.evaluate(validation) == uninterrupted.evaluate(validation)


def test_equal_seeds_train_equally_and_others_do_not(few):
    runs = [new_training(few, seed=seed) for seed in (1, 1, 2)]
    losses = [run.run_epoch() for run in runs]
    assert losses[0] == losses[1] != losses[2]
    assert same_state(runs[0].state(), runs[1].state())


def test_learning_rate_rises_to_its_peak_and_falls_to_nearly_nothing(few):
    training = new_training(few, epochs=5, learning_rate=0.2, warmup_epochs=2.0, batch_size=50)
    rates = [training.learning_rate(step) for step in range(15)]  # three steps an epoch
    assert rates[0] == pytest.approx(0.2 / 6)
    assert max(rates) == pytest.approx(0.2)
    top = rates.index(max(rates))
    assert top == 5
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert 0 < rates[-1] < 0.2 * 0.1
    assert training.learning_rate(15) == pytest.approx(0.0, abs=1e-9)


def test_learning_rate_without_warm_up_starts_at_its_peak(few):
    training = new_training(few, epochs=2, learning_rate=0.2, warmup_epochs=0.0)
    assert training.learning_rate(0) == pytest.approx(0.2)


def test_warm_up_longer_than_the_training_never_passes_the_peak(few):
    training = new_training(few, epochs=1, learning_rate=0.2, warmup_epochs=10.0, batch_size=50)
    rates = [training.learning_rate(step) for step in range(3)]
    assert rates == sorted(rates)
    assert 0 < rates[-1] <= 0.2


def test_diverging_training_fails_with_the_epoch(few):
    training = new_training(few, learning_rate=1e30, warmup_epochs=0.0)
    with pytest.raises(TrialFailedError, match=r"diverged at epoch 1: .* loss is (nan|inf)"):
        training.run_epoch()
        training.evaluate(DeviceImages(few.validation, CPU))


def test_evaluation_changes_nothing_and_counts_all_images(few):
    training = new_training(few)
    training.run_epoch()
    before = copy.deepcopy(training.state())
    validation = DeviceImages(few.validation, CPU)
    metrics = training.evaluate(validation)
    assert training.evaluate(validation) == metrics
    assert same_state(training.state(), before)
    with torch.no_grad():
        logits = training.model.eval()(validation.images.float() / 255)
    right = int((logits.argmax(1) == validation.labels).sum())
    assert metrics.accuracy == right / 60
    expected = float(torch.nn.functional.cross_entropy(logits, validation.labels))
    assert metrics.loss == pytest.approx(expected, rel=1e-4)


def test_model_carries_the_training_images_statistics(few):
    training = new_training(few)
    mean, std = DeviceImages(few.train, CPU).channel_statistics()
    assert torch.equal(training.model.mean, mean)
    assert torch.equal(training.model.std, std)


def test_initial_weights_depend_on_the_seed_alone():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    first = new_model(SMALL, (1, 8, 8), 10, seed=1).state_dict()
    assert torch.equal(torch.rand(2), expected)
    assert same_state(dict(first), dict(new_model(SMALL, (1, 8, 8), 10, seed=1).state_dict()))
    other = new_model(SMALL, (1, 8, 8), 10, seed=2).state_dict()
    assert not same_state(dict(first), dict(other))


def test_weight_decay_spares_biases_and_norms(few):
    optimizer = new_training(few).optimizer
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert (group["weight_decay"] > 0) == (parameter.ndim > 1)
    total = sum(len(group["params"]) for group in optimizer.param_groups)
    assert total == len(list(new_training(few).model.parameters()))


AUXILIARY = {"grid": 2, "features": 4, "hidden": 8, "dropout": 0.0}


def with_auxiliary_heads():
    return network_of(
        stage_of(SMALL_BLOCKS["conv"], stride=1, auxiliary=AUXILIARY),
        stage_of(SMALL_BLOCKS["bottleneck"], auxiliary=AUXILIARY),
        stage_of(SMALL_BLOCKS["basic"], stride=1),
    )


def first_batch(data) -> tuple[Tensor, Tensor]:
    return next(iter(DeviceImages(data.train, CPU).batches(32)))


def test_auxiliary_heads_are_trained_with_their_published_weight(few):
    """Szegedy et al. 2015, section 5: their losses count 0.3 each beside the network's own."""
    settings = {"label_smoothing": 0.0, "gradient_clip": 1e9, "warmup_epochs": 0.0}
    training = new_training(few, architecture=with_auxiliary_heads(), **settings)
    network = training.model.network
    images, labels = first_batch(few)
    training.model.train()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    reference = copy.deepcopy(training.model)
    logits, auxiliary = reference.network.forward_with_auxiliary(reference.normalized(images))
    assert len(auxiliary) == 2
    losses = [F.cross_entropy(each, labels) for each in (logits, *auxiliary)]
    (losses[0] + 0.3 * losses[1] + 0.3 * losses[2]).backward()
    reported = training.train_step(images, labels, step=0)
    assert float(reported) == pytest.approx(losses[0].item())
    moved = {name for name, p in network.named_parameters() if not torch.equal(p, before[name])}
    expected = dict(reference.network.named_parameters())
    for name, parameter in network.named_parameters():
        assert torch.allclose(parameter.grad, expected[name].grad, atol=1e-5), name
        if name.startswith("auxiliary."):
            assert parameter.grad.abs().sum() > 0, name
            assert name in moved
    assert any(name.startswith("auxiliary.0.") for name in moved)
    assert any(name.startswith("auxiliary.1.") for name in moved)


def test_network_with_auxiliary_heads_learns_and_is_measured_without_them():
    data = digits()
    training = new_training(data, epochs=8, architecture=with_auxiliary_heads())
    losses = [training.run_epoch() for _ in range(8)]
    assert losses[-1] < losses[0]
    validation = DeviceImages(data.validation, CPU)
    metrics = training.evaluate(validation)
    assert metrics.accuracy > 0.5
    training.model.network.auxiliary.requires_grad_(False)
    for parameter in training.model.network.auxiliary.parameters():
        parameter.zero_()
    assert training.evaluate(validation) == metrics


def test_adamw_learns_the_digits_at_its_own_rate():
    data = digits()
    training = new_training(data, epochs=4, optimizer=Optimizer.ADAMW)
    assert training.learning_rate(0) < Optimizer.ADAMW.learning_rate
    for _ in range(4):
        training.run_epoch()
    assert isinstance(training.optimizer, torch.optim.AdamW)
    assert training.evaluate(DeviceImages(data.validation, CPU)).accuracy > 0.5


def test_restored_adamw_is_bit_for_bit_the_uninterrupted_one(few):
    uninterrupted = new_training(few, optimizer=Optimizer.ADAMW)
    uninterrupted.run_epoch()
    restored = new_training(few, optimizer=Optimizer.ADAMW, seed=99)
    restored.restore(copy.deepcopy(uninterrupted.state()))
    assert restored.run_epoch() == uninterrupted.run_epoch()
    assert same_state(restored.state(), uninterrupted.state())


def test_adamw_takes_the_recipes_momentum_and_decays_weights_apart_from_gradients(few):
    training = new_training(few, optimizer=Optimizer.ADAMW, momentum=0.8, weight_decay=0.1)
    assert {group["betas"] for group in training.optimizer.param_groups} == {(0.8, 0.999)}
    group = training.optimizer.param_groups[0]
    group["lr"] = 0.5
    before = [parameter.detach().clone() for parameter in group["params"]]
    for parameter in group["params"]:
        parameter.grad = torch.zeros_like(parameter)
    training.optimizer.step()
    for parameter, old in zip(group["params"], before, strict=True):
        assert torch.allclose(parameter, old * (1 - 0.5 * 0.1))
