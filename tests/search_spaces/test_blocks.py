from __future__ import annotations

import pytest
import torch
from torch import nn

from search_spaces.blocks.convolution import FactorizedReduction, Identity, StridedIdentity
from search_spaces.blocks.dense import DenseLayer
from search_spaces.blocks.end_padding import EndPadded, pad_at_end
from search_spaces.blocks.factorized import FactorizedConv
from search_spaces.blocks.mobile import MBConv
from search_spaces.blocks.pooling import AveragePool, MaxPool
from search_spaces.blocks.residual import Bottleneck
from search_spaces.blocks.separable import DilatedSeparableConv, SeparableConv
from search_spaces.blocks.squeeze_excite import SqueezeExcite, SqueezeExciteConv
from search_spaces.cell.building import operation_factory
from search_spaces.cell.operations import OPERATIONS


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 1), (2, 1)])
def test_operation_keeps_size_at_stride_one_and_halves_rounding_up_at_two(name, channels, size):
    height, width = size
    for stride in (1, 2):
        if stride == 2 and channels == 1:
            continue  # strides only occur after the channels were doubled
        for inputs in (channels, 4):
            operation = operation_factory(name)(inputs, channels, stride)
            out = operation(torch.rand(2, inputs, height, width))
            assert out.shape == (2, channels, -(-height // stride), -(-width // stride))


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (Identity(8, 8), 0),
        (FactorizedReduction(8, 16), 8 * 16 + 2 * 16),
        (FactorizedReduction(8, 5), 8 * 5 + 2 * 5),
        (MaxPool(8, 8), 2 * 8),
        (SeparableConv(8, 16, kernel_size=5), 8 * 25 + 8 * 16 + 32 + 16 * 25 + 16 * 16 + 32),
        (DilatedSeparableConv(8, 16, kernel_size=5), 8 * 25 + 8 * 16 + 32),
        (FactorizedConv(8, 16), 8 * 4 + 8 + 4 * 4 * 7 + 8 + 4 * 4 * 7 + 8 + 4 * 16 + 32),
        (FactorizedConv(8, 8, kernel_size=3, eighths=3), 8 * 3 + 6 + 2 * (27 + 6) + 3 * 8 + 16),
        (Identity(8, 16), 8 * 16 + 32),
        (StridedIdentity(8, 8), 0),
        (StridedIdentity(8, 16, 2), 8 * 16 + 32),
        (MaxPool(8, 8, norm=False), 0),
        (AveragePool(8, 16, norm=False), 8 * 16 + 32),
        (Bottleneck(16, 16), 16 * 4 + 8 + 4 * 4 * 9 + 8 + 4 * 16 + 32),
        (Bottleneck(8, 16, 2), 8 * 4 + 8 + 4 * 4 * 9 + 8 + 4 * 16 + 32 + 8 * 16 + 32),
        (MBConv(4, 4), 4 * 12 + 24 + 12 * 9 + 24 + 12 * 4 + 8),
        (SqueezeExcite(8), 8 * 2 + 2 + 2 * 8 + 8),
        (SqueezeExciteConv(8, 8), 8 * 8 * 9 + 16 + 8 * 2 + 2 + 2 * 8 + 8),
        (DenseLayer(4, 4), 8 + 4 * 8 + 16 + 8 * 2 * 9 + 12 + 6 * 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_block_has_the_papers_parameters(module, expected):
    assert count(module) == expected


def test_factorized_reduction_sees_every_pixel_of_its_two_grids():
    block = FactorizedReduction(1, 2).eval()
    nn.init.ones_(block.even.weight)
    nn.init.ones_(block.odd.weight)
    image = torch.arange(1.0, 17).reshape(1, 1, 4, 4)
    even, odd = block(image)[0]
    scale = (1 + block.norm.eps) ** -0.5
    torch.testing.assert_close(even, image[0, 0, ::2, ::2] * scale)
    torch.testing.assert_close(odd, image[0, 0, 1::2, 1::2] * scale)


def test_average_pooling_leaves_out_pixels_beyond_the_edge():
    out = AveragePool(1, 1).eval()(torch.ones(1, 1, 3, 3))
    torch.testing.assert_close(out, torch.full_like(out, (1 + 1e-5) ** -0.5))


def test_strided_identity_takes_every_other_pixel():
    block = StridedIdentity(1, 1, 2).eval()
    nn.init.ones_(block.path[1].weight)
    image = torch.arange(1.0, 17).reshape(1, 1, 4, 4)
    torch.testing.assert_close(block(image), image[:, :, ::2, ::2] * (1 + 1e-5) ** -0.5)


def test_dilated_convolution_sees_every_other_pixel_around_its_own():
    block = DilatedSeparableConv(1, 1, kernel_size=3).eval()
    for convolution in (block[1], block[2]):
        nn.init.ones_(convolution.weight)
    image = torch.zeros(1, 1, 7, 7)
    image[0, 0, 3, 3] = 1
    seen = torch.zeros(7, 7)
    seen[1:6:2, 1:6:2] = (1 + 1e-5) ** -0.5
    torch.testing.assert_close(block(image)[0, 0], seen)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", [(7, 9), (8, 6), (1, 2), (5, 4)])
def test_padding_at_the_end_is_tensorflows(kernel, size):
    """Half, rounded down, of `(out - 1) stride + kernel - in` pixels come first."""
    layer = nn.Conv2d(2, 3, kernel, stride=2, padding=kernel // 2)
    network = nn.Sequential(nn.Sequential(layer), nn.Conv2d(3, 3, 3, padding=1))
    pad_at_end(network)
    assert isinstance(network[0][0], EndPadded)
    assert isinstance(network[1], nn.Conv2d)
    images = torch.rand(2, 2, *size)
    out = network[0](images)
    assert out.shape[2:] == tuple(-(-n // 2) for n in size)
    height, width = (max(0, (-(-n // 2) - 1) * 2 + kernel - n) for n in size)
    by_hand = torch.zeros(2, 2, size[0] + height, size[1] + width)
    top, left = height // 2, width // 2
    by_hand[:, :, top : top + size[0], left : left + size[1]] = images
    expected = nn.functional.conv2d(by_hand, layer.weight, layer.bias, stride=2)
    torch.testing.assert_close(out, expected)
    if all(n % 2 for n in size):
        symmetric = nn.functional.conv2d(
            images, layer.weight, layer.bias, stride=2, padding=kernel // 2
        )
        torch.testing.assert_close(out, symmetric)


def test_maximum_at_the_end_is_not_that_of_the_padding():
    pool = EndPadded(nn.MaxPool2d(3, 2, padding=1))
    assert pool(torch.full((1, 1, 4, 4), -1.0)).tolist() == [[[[-1.0, -1.0], [-1.0, -1.0]]]]


def test_squeeze_excite_scales_whole_channels_by_gates_between_zero_and_one():
    torch.manual_seed(0)
    images = torch.rand(2, 8, 3, 3) + 0.5
    gates = SqueezeExcite(8)(images) / images
    assert ((gates > 0) & (gates < 1)).all()
    torch.testing.assert_close(gates, gates[:, :, :1, :1].expand_as(gates))


def test_mbconv_has_its_shortcut_where_the_shape_stays():
    block = MBConv(4, 4).eval()
    nn.init.zeros_(block.residual[-1].weight)
    images = torch.rand(1, 4, 5, 5)
    torch.testing.assert_close(block(images), images)
    assert not MBConv(4, 4, 2).has_shortcut
    assert not MBConv(4, 8).has_shortcut


def test_misspelt_argument_is_an_error():
    with pytest.raises(TypeError, match="kernel"):
        SeparableConv(4, 4, kernel=3)
