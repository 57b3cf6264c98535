"""Drop-path, auxiliary head, mixup, fused steps and compilation, in the training of a candidate."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from nas.errors import TrialInfeasibleError
from nas.recipe import Augmentation, Recipe
from search_spaces import create_space
from search_spaces.blocks.drop_path import DropPath
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of
from tests.workers.training.factories import CPU, SMALL, digits, new_training, same_state
from workers.training.acceleration import Acceleration
from workers.training.auxiliary import TrainedNetwork, add_classifier
from workers.training.candidate import new_model
from workers.training.drop_path import DropPathSchedule, ScheduledDropPath
from workers.training.gradients import clip_gradients

EVERYTHING = {
    "drop_path": 0.3,
    "mixup": 0.2,
    "auxiliary_head": True,
    "augmentation": Augmentation(cutout=2, policy="trivialaugment"),
}


@pytest.fixture(scope="module")
def few():
    return digits(train=100, validation=40)


def test_drop_path_grows_over_training_and_depth_and_keeps_the_mean():
    model = new_model(SMALL, (1, 8, 8), 10, 0)
    count = sum(isinstance(m, DropPath) for m in model.modules())
    schedule = DropPathSchedule(model, 0.4, CPU)
    places = [m for m in model.modules() if isinstance(m, ScheduledDropPath)]
    assert len(places) == count > 1
    ones = torch.ones(4000, 1, 1, 1)
    torch.manual_seed(0)
    for progress in (0.0, 0.5, 1.0):
        schedule.set_progress(progress)
        dropped = [float((place.train()(ones) == 0).float().mean()) for place in places]
        expected = [0.4 * progress * (i + 1) / count for i in range(count)]
        assert dropped == pytest.approx(expected, abs=0.03)
    assert float(places[-1](ones).mean()) == pytest.approx(1, abs=0.05)
    assert torch.equal(places[-1].eval()(ones), ones)


def test_drop_path_of_zero_leaves_the_architectures_own(few):
    training = new_training(few)
    assert not any(isinstance(m, ScheduledDropPath) for m in training.model.modules())


@pytest.mark.parametrize("space", ["cell", "stages", "chain", "nasbench201"])
def test_auxiliary_head_is_added_in_every_space_and_kept_out_of_the_model(space):
    architecture = create_space(space, {}, (3, 16, 16)).sample(np.random.default_rng(3))
    model = new_model(architecture, (3, 16, 16), 5, 0)
    names = set(model.state_dict())
    trained = TrainedNetwork(model, add_classifier(model, (3, 16, 16), 5, 0)).train()
    logits, further = trained(torch.rand(4, 3, 16, 16))
    assert [each.shape for each in (logits, *further)] == [(4, 5), (4, 5)]
    further[0].sum().backward()
    assert sum(p.grad is not None for p in model.parameters()) > 0
    assert set(model.state_dict()) == names


def test_network_with_its_own_auxiliary_classifiers_gets_no_other():
    auxiliary = {"grid": 2, "features": 4, "hidden": 8, "dropout": 0.0}
    architecture = network_of(
        stage_of(SMALL_BLOCKS["conv"], stride=1, auxiliary=auxiliary),
        stage_of(SMALL_BLOCKS["basic"]),
    )
    model = new_model(architecture, (1, 8, 8), 10, 0)
    assert add_classifier(model, (1, 8, 8), 10, 0) is None


def test_network_without_named_parts_is_infeasible_with_an_auxiliary_head():
    model = new_model(SMALL, (1, 8, 8), 10, 0)
    model.network = torch.nn.Flatten()
    with pytest.raises(TrialInfeasibleError, match=r"recipe\.auxiliary_head: Flatten .* allowed"):
        add_classifier(model, (1, 8, 8), 10, 0)


def test_all_parts_together_learn_and_restored_training_is_the_uninterrupted_one(few):
    uninterrupted = new_training(few, **EVERYTHING)
    first = uninterrupted.run_epoch()
    state = copy.deepcopy(uninterrupted.state())
    torch.rand(7)  # whatever else has drawn in the meantime
    second = uninterrupted.run_epoch()
    restored = new_training(few, seed=5, **EVERYTHING)
    restored._seed = 0  # a resumed task has the seed it had
    restored.restore(state)
    assert restored.run_epoch() == second < first
    assert same_state(restored.state(), uninterrupted.state())


@pytest.mark.parametrize("most", [1e-3, 1.0, 1e9])
def test_gradients_are_clipped_as_by_torch(most):
    gradients = [torch.randn(3, 4), torch.randn(5), torch.randn(2, 2, 3, 3)]
    ours, theirs = ([torch.nn.Parameter(torch.zeros_like(g)) for g in gradients] for _ in range(2))
    for parameters in (ours, theirs):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
    clip_gradients([*ours, torch.nn.Parameter(torch.zeros(1))], most)
    torch.nn.utils.clip_grad_norm_(theirs, most)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_accelerations_change_rounding_alone(few):
    from workers.training.candidate import CandidateTraining
    from workers.training.data import DeviceImages

    def losses(acceleration: Acceleration) -> list[float]:
        training = CandidateTraining(
            SMALL,
            (1, 8, 8),
            10,
            images=DeviceImages(few.train, CPU),
            recipe=Recipe(),
            epochs=2,
            seed=0,
            device=CPU,
            acceleration=acceleration,
        )
        return [training.run_epoch() for _ in range(2)]

    plain = losses(Acceleration(channels_last=False, fused_optimizer=False))
    assert losses(Acceleration()) == pytest.approx(plain, rel=1e-3)
    half = losses(Acceleration(autocast=frozenset({"cpu"})))
    assert half == pytest.approx(plain, rel=0.05)
    assert half != plain
