"""The operations a cell may choose from, by name; modules are imported only when built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
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
        module, _, name = self.block.partition(":")
        found: type[nn.Module] = getattr(import_module(module), name)
        return found


_BLOCKS = "search_spaces.blocks"

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            Operation(
                "identity",
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
    }
)
