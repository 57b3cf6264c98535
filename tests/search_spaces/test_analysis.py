from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from search_spaces import InfeasibleArchitectureError, InvalidArchitectureError, build
from search_spaces.analysis import analyze, analyze_network
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.symbolic import Weightless
from tests.search_spaces.strategies import architecture_of, architectures, cell_of, every_operation


def test_tiny_network_has_the_numbers_counted_by_hand():
    """Cells of one identity + conv block, F = 2, on a 1x4x4 image, three classes.

    Widths: the stem gives 6; both cell inputs are taken, so a cell puts out its own channels.
    """
    normal = cell_of((0, "identity", 1, "conv_3x3"))
    reduction = cell_of((0, "identity", 1, "conv_1x1"))
    analysis = analyze(architecture_of(normal, reduction, filters=2), (1, 4, 4), 3)

    def norm(channels: int) -> int:
        return 2 * channels

    stem = 1 * 6 * 9 + norm(6)
    # Inputs have 6 and 6 channels, adjusted to 2 by 1x1 convolutions; then 3x3, 2 to 2.
    first = 2 * (6 * 2 + norm(2)) + (2 * 2 * 9 + norm(2))
    # 6 (stem) and 2 channels to 4; stride 2: identity becomes 1x1 convolutions 4 to 2 + 2.
    second = (6 * 4 + norm(4)) + (2 * 4 + norm(4)) + (4 * 4 + norm(4)) + (4 * 4 + norm(4))
    # 2 channels of twice the size to 4, factorised, and 4 to 4; 3x3, 4 to 4.
    third = (2 * 4 + norm(4)) + (4 * 4 + norm(4)) + (4 * 4 * 9 + norm(4))
    fourth = (4 * 8 + norm(8)) + (4 * 8 + norm(8)) + (8 * 8 + norm(8)) + (8 * 8 + norm(8))
    fifth = (4 * 8 + norm(8)) + (8 * 8 + norm(8)) + (8 * 8 * 9 + norm(8))
    head = 8 * 3 + 3
    assert analysis.params == stem + first + second + third + fourth + fifth + head

    macs = 16 * (1 * 6 * 9)
    macs += 16 * (2 * 6 * 2 + 2 * 2 * 9)  # 4x4 pixels
    macs += 16 * (6 * 4 + 2 * 4) + 4 * (4 * 4 + 4 * 4)  # adjusted at 4x4, computed at 2x2
    macs += 4 * (2 * 4 + 4 * 4 + 4 * 4 * 9)
    macs += 4 * (4 * 8 + 4 * 8) + 1 * (8 * 8 + 8 * 8)
    macs += 1 * (4 * 8 + 8 * 8 + 8 * 8 * 9)
    macs += 8 * 3
    assert analysis.macs == macs


def test_layers_come_in_the_order_they_run_with_shape_and_numbers():
    analysis = analyze(architecture_of(cell_of((0, "identity", 1, "conv_3x3"))), (3, 8, 8), 10)
    stem, *_, head = analysis.layers
    assert (stem.name, stem.type, stem.output_shape) == ("stem.0", "Conv2d", (12, 8, 8))
    assert (stem.params, stem.macs) == (3 * 12 * 9, 64 * 3 * 12 * 9)
    assert (head.type, head.output_shape, head.params) == ("Linear", (10,), 16 * 10 + 10)


def test_grouped_convolutions_count_their_groups():
    cell = cell_of((0, "separable_conv_5x5", 1, "identity"))
    layers = analyze(architecture_of(cell), (1, 6, 6), 10).layers
    depthwise = next(layer for layer in layers if layer.params == 4 * 25)
    assert depthwise.macs == 36 * 4 * 25


@settings(deadline=None, max_examples=10)
@given(architectures())
def test_params_are_those_of_the_built_network(architecture):
    built = build(architecture, (3, 7, 9), 5)
    assert analyze(architecture, (3, 7, 9), 5).params == sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 31)])
def test_every_operations_params_are_counted(shape):
    for architecture in every_operation():
        built = build(architecture, shape, 5)
        assert analyze(architecture, shape, 5).params == sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize(
    ("name", "pixels"), [("alexnet", 195), ("vgg-16", 212), ("mobilenet-v1", 315)]
)
def test_receptive_fields_are_those_published(name, pixels):
    """Araujo, Norris, Sim (Distill 2019), table of models."""
    study = find_or_raise_case_study(name)
    analysis = analyze(study.architecture, study.input_shape, study.num_classes)
    assert analysis.receptive_field == pixels


def test_convolution_has_the_textbook_shape_parameters_and_field():
    """Ten 5x5 kernels on a 3x32x32 image with padding 2: 32x32 out, 10 x (5x5x3 + 1) parameters."""
    module = nn.Sequential(nn.Conv2d(3, 10, 5, padding=2), nn.MaxPool2d(2), nn.Conv2d(10, 4, 3))
    convolution, pool, after = analyze_network(module, (3, 32, 32)).layers
    assert convolution.output_shape == (10, 32, 32)
    assert convolution.params == 760
    assert convolution.macs == 32 * 32 * 10 * 75
    assert (convolution.field_size, convolution.jump) == ((5, 5), (1, 1))
    assert (pool.output_shape, pool.field_size, pool.jump) == ((10, 16, 16), (6, 6), (2, 2))
    assert (after.output_shape, after.field_size) == ((4, 14, 14), (10, 10))


def test_function_that_is_not_known_is_run_for_its_shape():
    class Shuffle(nn.Module):
        def forward(self, x):
            return torch.channel_shuffle(x, 2).transpose(2, 3)

    module = nn.Sequential(Shuffle(), nn.Conv2d(4, 2, 1))
    assert analyze_network(module, (4, 6, 9)).layers[0].output_shape == (2, 9, 6)


def test_window_that_does_not_fit_is_refused_with_its_layer():
    module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 7))
    with pytest.raises(InvalidArchitectureError, match="layer '1' has no output for a 1x8x8 image"):
        analyze_network(module, (1, 8, 8))


def test_layer_that_fails_is_named_with_its_error():
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("library too old")

    module = nn.Sequential(nn.Conv2d(1, 2, 3), Broken())
    message = "architecture: layer '1' failed: RuntimeError: library too old"
    with pytest.raises(InfeasibleArchitectureError, match=message) as caught:
        analyze_network(module, (1, 8, 8))
    assert (caught.value.params, caught.value.macs) == (20, 6 * 6 * 18)


def test_weights_are_left_undrawn_only_where_they_have_no_numbers():
    with Weightless():
        shapeless = nn.Conv2d(3, 4, 3)
        drawn = nn.init.constant_(torch.empty(5, device="cpu"), 2.0)
    assert shapeless.weight.is_meta
    assert drawn.tolist() == [2.0] * 5
    assert nn.Conv2d(3, 4, 3).weight.std() > 0


def test_analysis_leaves_the_network_and_the_random_generator_as_they_were():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    images = torch.rand(2, 3, 5, 5)
    before = module(images)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    analyze_network(module, (3, 5, 5))
    for architecture in every_operation():
        analyze(architecture, (3, 8, 8), 10)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(module(images), before)


def test_module_whose_forward_was_replaced_keeps_the_replacement():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    replaced = module[0].forward = lambda x: nn.functional.conv2d(x, module[0].weight)
    analyze_network(module, (3, 5, 5))
    assert module[0].forward is replaced
    assert "forward" not in vars(module[1])
