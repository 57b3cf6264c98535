"""The memory that the analysis names is what torch really takes on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces import build, create_space, spaces
from search_spaces.analysis import analyze, analyze_network
from search_spaces.case_studies import find_or_raise_case_study
from tests.search_spaces.measured_memory import (
    inference_peak_bytes,
    saved_bytes,
    training_peak_bytes,
)
from tests.search_spaces.strategies import every_operation

BATCH = 3
SHAPE = (3, 16, 16)

STUDIES = [
    ("resnet-18", 64),
    ("resnet-50", 64),
    ("preact-resnet-50", 64),
    ("se-resnet-50", 64),
    ("mobilenet-v1", 64),
    ("mobilenet-v2", 64),
    ("mobilenet-v3-large", 64),
    ("efficientnet-b0", 64),
    ("googlenet", 64),
    ("densenet-121", 64),
    ("nas-rl-v1", 32),
    ("nasnet-a-mobile", 64),
    ("darts-v2", 32),
]


def samples(space, count):
    rng = np.random.default_rng(0)
    return [create_space(space, None, SHAPE).sample(rng) for _ in range(count)]


def check(network, shape):
    """Compare with the analysis: inference to the byte, training but for stochastic depth.

    Stochastic depth multiplies a branch by one number an image, which evaluation leaves out.
    """
    images = torch.rand(BATCH, *shape)
    analysis = analyze_network(network.eval(), shape)
    assert analysis.peak_activation_bytes(BATCH) == inference_peak_bytes(network, images)
    kept = analysis.memory.kept_activation_bytes(BATCH)
    assert kept == pytest.approx(saved_bytes(network, images), rel=1e-4)


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("space", sorted(spaces()))
def test_sampled_network_takes_what_torch_measures(space, index):
    check(build(samples(space, 4)[index], SHAPE, 10), SHAPE)


@pytest.mark.parametrize(("name", "side"), STUDIES)
def test_case_study_takes_what_torch_measures(name, side):
    shape = (3, side, side)
    check(build(find_or_raise_case_study(name).architecture, shape, 10), shape)


def test_every_operation_takes_what_torch_measures():
    for architecture in every_operation():
        check(build(architecture, (3, 17, 15), 10), (3, 17, 15))


class Oddities(nn.Module):
    """In-place changes, views, functions without a handler, a parameter as an operand."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.shrink = nn.AdaptiveMaxPool2d(2)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.first(x)
        x = nn.functional.relu(x, inplace=True)
        x = self.norm(x).relu_() * self.scale
        x = x.transpose(2, 3)[:, :, 1:]
        x = self.second(x) ** 2 + 1 / (1 + x.abs())
        x += 1
        x = self.shrink(nn.functional.gelu(x) - x)
        return self.head(nn.functional.dropout(x, 0.5, self.training)[:, :4].flatten(1))


def test_functions_without_a_handler_save_what_torch_saves():
    network, images = Oddities(), torch.rand(BATCH, 3, 12, 12)
    analysis = analyze_network(network.eval(), (3, 12, 12))
    kept = analysis.memory.kept_activation_bytes(BATCH)
    assert kept == saved_bytes(network, images)
    assert analysis.peak_activation_bytes(BATCH) == inference_peak_bytes(network, images)


@pytest.mark.parametrize("batch", [4, 32])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("space", sorted(spaces()))
def test_training_takes_no_more_than_estimated_and_not_much_less(space, optimizer, batch):
    for architecture in samples(space, 3):
        network = build(architecture, SHAPE, 10)
        stepper = {
            "sgd": lambda weights: torch.optim.SGD(weights, 0.01, momentum=0.9),
            "adamw": lambda weights: torch.optim.AdamW(weights, foreach=False),
        }[optimizer](network.parameters())
        measured = training_peak_bytes(network, torch.rand(batch, *SHAPE), stepper)
        estimate = analyze(architecture, SHAPE, 10).training_bytes(batch, optimizer)
        assert 0.95 < estimate / measured < 1.35


def test_convolution_network_has_the_bytes_counted_by_hand():
    """Conv 3 to 10 on 8x8, batch norm, ReLU, 2x2 max pooling, dense 160 to 5."""
    network = nn.Sequential(
        nn.Conv2d(3, 10, 3, padding=1, bias=False),
        nn.BatchNorm2d(10),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(160, 5),
    ).eval()
    analysis = analyze_network(network, (3, 8, 8))
    assert [layer.activation_bytes for layer in analysis.layers] == [2560, 2560, 640, 20]
    image, wide, pooled = 4 * 3 * 64, 4 * 10 * 64, 4 * 160
    # Batch norm's input and output are alive at once; so they are of ReLU.
    assert analysis.peak_activation_bytes(1) == image + 2 * wide
    assert analysis.peak_activation_bytes(7) == 7 * (image + 2 * wide)
    # Kept: batch norm's input, ReLU's output, indices and input of the dense layer.
    kept = 2 * wide + 2 * pooled + pooled
    statistics = 2 * 4 * 10
    params, buffers = 270 + 20 + 805, 2 * 4 * 10 + 8
    expected = 3 * 4 * params + buffers + 2 * (image + kept + 2 * wide) + statistics
    assert analysis.training_bytes(2) == expected
    assert analysis.training_bytes(2, "adamw") == expected + 4 * params


def test_auxiliary_layers_that_do_not_run_have_no_activation():
    study = find_or_raise_case_study("googlenet-aux")
    layers = analyze(study.architecture, (3, 64, 64), 10).layers
    left_out = [layer for layer in layers if layer.name.startswith("auxiliary")]
    assert left_out
    assert {layer.activation_bytes for layer in left_out} == {0}


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("alexnet", 8),
        ("vgg-16", 16),
        ("vgg-19-bn", 19),
        ("googlenet", 22),
        ("resnet-18", 18),
        ("resnet-50", 50),
        ("resnet-152", 152),
        ("densenet-121", 121),
        ("densenet-161", 161),
    ],
)
def test_depth_is_the_number_in_the_networks_name(name, depth):
    study = find_or_raise_case_study(name)
    assert analyze(study.architecture, (3, 64, 64), 10).depth == depth
