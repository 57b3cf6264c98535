"""The operations a cell may choose from, by name; modules are imported only when built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


Argument = int | float | str | bool
"""What an operation may hand to its block: values that can be written into exported code."""


@dataclass(frozen=True)
class Operation:
    """A named operation and the block class that carries it out.

    `block` is `module:Class`; the class is called as `Class(in_channels, out_channels, stride,
    **arguments)`. Naming it by text keeps torch out of every process that only plans.
    """

    name: str
    summary: str
    block: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    def block_class(self) -> type[nn.Module]:
        """Import and return the block class."""
        found: type[nn.Module] = resolve_name(self.block)
        return found


_BLOCKS = "search_spaces.blocks"

NONE = "none"
"""No operation: the term is left out of its block's sum, as if the edge were not there."""

IDENTITY = "identity"
STRIDED_IDENTITY = "strided_identity"

_SEARCHED = (
    Operation(
        IDENTITY,
        "the input itself",
        f"{_BLOCKS}.convolution:Identity",
    ),
    Operation(
        "conv_1x1",
        "1x1 convolution",
        f"{_BLOCKS}.convolution:ConvBlock",
        {"kernel_size": 1},
    ),
    Operation(
        "conv_3x3",
        "3x3 convolution (VGGNet)",
        f"{_BLOCKS}.convolution:ConvBlock",
        {"kernel_size": 3},
    ),
    Operation(
        "separable_conv_3x3",
        "3x3 depthwise-separable convolution, twice (NASNet)",
        f"{_BLOCKS}.separable:SeparableConv",
        {"kernel_size": 3},
    ),
    Operation(
        "separable_conv_5x5",
        "5x5 depthwise-separable convolution, twice (NASNet)",
        f"{_BLOCKS}.separable:SeparableConv",
        {"kernel_size": 5},
    ),
    Operation(
        "residual_bottleneck",
        "1x1, 3x3, 1x1 convolutions with a shortcut (ResNet)",
        f"{_BLOCKS}.residual:Bottleneck",
    ),
    Operation(
        "squeeze_excite",
        "3x3 convolution gated per channel (SENet)",
        f"{_BLOCKS}.squeeze_excite:SqueezeExciteConv",
    ),
    Operation(
        "mbconv_3x3",
        "inverted residual, expansion 3 (MobileNetV2)",
        f"{_BLOCKS}.mobile:MBConv",
        {"expansion": 3},
    ),
    Operation(
        "dense_layer",
        "new features concatenated to the input (DenseNet)",
        f"{_BLOCKS}.dense:DenseLayer",
    ),
    Operation(
        "max_pool_3x3",
        "3x3 max pooling",
        f"{_BLOCKS}.pooling:MaxPool",
    ),
    Operation(
        "average_pool_3x3",
        "3x3 average pooling",
        f"{_BLOCKS}.pooling:AveragePool",
    ),
)

_PUBLISHED = (
    Operation(
        "separable_conv_7x7",
        "7x7 depthwise-separable convolution, twice (NASNet)",
        f"{_BLOCKS}.separable:SeparableConv",
        {"kernel_size": 7},
    ),
    Operation(
        "dilated_separable_conv_3x3",
        "3x3 depthwise-separable convolution, dilation 2 (DARTS)",
        f"{_BLOCKS}.separable:DilatedSeparableConv",
        {"kernel_size": 3},
    ),
    Operation(
        "dilated_separable_conv_5x5",
        "5x5 depthwise-separable convolution, dilation 2 (DARTS)",
        f"{_BLOCKS}.separable:DilatedSeparableConv",
        {"kernel_size": 5},
    ),
    Operation(
        "factorized_conv_3x3",
        "1x3, then 3x1 convolution in a bottleneck (NASNet)",
        f"{_BLOCKS}.factorized:FactorizedConv",
        {"kernel_size": 3, "eighths": 3},
    ),
    Operation(
        "factorized_conv_7x7",
        "1x7, then 7x1 convolution in a bottleneck (NASNet, AmoebaNet)",
        f"{_BLOCKS}.factorized:FactorizedConv",
        {"kernel_size": 7, "eighths": 2},
    ),
    Operation(
        "max_pool_3x3_plain",
        "3x3 max pooling without batch norm",
        f"{_BLOCKS}.pooling:MaxPool",
        {"norm": False},
    ),
    Operation(
        "average_pool_3x3_plain",
        "3x3 average pooling without batch norm",
        f"{_BLOCKS}.pooling:AveragePool",
        {"norm": False},
    ),
    Operation(
        STRIDED_IDENTITY,
        "the input itself, where strided through a strided 1x1 convolution (NASNet)",
        f"{_BLOCKS}.convolution:StridedIdentity",
    ),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {operation.name: operation for operation in (*_SEARCHED, *_PUBLISHED)}
)
"""Every operation that has a module."""

OPERATION_NAMES = (*OPERATIONS, NONE)
"""What a block may name."""

DEFAULT_OPERATIONS = tuple(operation.name for operation in _SEARCHED)
"""What a search chooses from unless told otherwise."""
