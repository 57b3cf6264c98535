"""What a stage's blocks may be: one value per family, with the variables of its paper.

The papers are named where the blocks are, in `search_spaces/blocks`. Every field is a plain
number, text or flag, so that each is one decision of the space; 0 or `none` leaves a part out.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_WIDTH = 16_384
MAX_GROWTH_RATE = 512
MAX_BRANCH_WIDTH = 4096

Activation = Literal["none", "relu", "relu6", "hard-swish", "silu"]
Padding = Literal["same", "valid"]
MobileSE = Literal["none", "hidden", "input"]


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(f"got {kernel}, allowed: odd numbers")
    return kernel


Width = Annotated[int, Field(ge=1, le=MAX_WIDTH, description="output channels")]
Kernel = Annotated[
    int, Field(ge=1, le=7, description="height and width of the filter, odd"), AfterValidator(_odd)
]
Reduction = Annotated[int, Field(ge=1, le=16, description="output channels / channels between")]
SEReduction = Annotated[
    int, Field(ge=0, le=64, description="channels / squeezed channels of SE; 0: no SE")
]
Probability = Annotated[float, Field(ge=0, le=0.9)]
BranchWidth = Annotated[int, Field(ge=1, le=MAX_BRANCH_WIDTH)]


class BlockSpec(BaseModel):
    """Base of the families."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel_fields: ClassVar[tuple[str, ...]] = ("width",)
    """Fields that count channels: what a width multiplier multiplies."""

    is_residual: ClassVar[bool] = False
    """Whether a shortcut leads around the block, so that stochastic depth applies to it."""

    ends_without_activation: ClassVar[bool] = False
    """Whether the output still waits for the batch norm and ReLU of a next block."""

    family: str

    @property
    def has_norm(self) -> bool:
        """Whether the block has batch norm."""
        return True

    def out_channels(self, in_channels: int, depth: int) -> int:
        """Return the channels behind `depth` such blocks."""
        del in_channels, depth
        return int(getattr(self, self.channel_fields[0]))


class Conv(BlockSpec):
    """A plain convolution (AlexNet, ZFNet, VGG)."""

    family: Literal["conv"] = "conv"
    width: Width
    kernel: Kernel = 3
    padding: Padding = "same"
    norm: bool = Field(False, description="batch norm after the convolution")
    bias: bool = True
    activation: Activation = "relu"

    @property
    def has_norm(self) -> bool:
        """Whether the block has batch norm."""
        return self.norm


class Basic(BlockSpec):
    """Two 3x3 convolutions and a shortcut (ResNet-18, ResNet-34)."""

    is_residual: ClassVar[bool] = True

    family: Literal["basic"] = "basic"
    width: Width
    se_reduction: SEReduction = 0


class Bottleneck(BlockSpec):
    """1x1, 3x3, 1x1 convolutions and a shortcut (ResNet-50, ResNeXt, Wide ResNet-50, SE-ResNet)."""

    is_residual: ClassVar[bool] = True

    family: Literal["bottleneck"] = "bottleneck"
    width: Width
    reduction: Reduction = 4
    groups: int = Field(1, ge=1, le=64, description="groups of the 3x3 convolution (cardinality)")
    se_reduction: SEReduction = 0


class PreactBasic(BlockSpec):
    """Two 3x3 convolutions, each after its batch norm and ReLU (pre-activation, WRN)."""

    is_residual: ClassVar[bool] = True
    ends_without_activation: ClassVar[bool] = True

    family: Literal["preact-basic"] = "preact-basic"
    width: Width
    dropout: Probability = 0.0


class PreactBottleneck(BlockSpec):
    """1x1, 3x3, 1x1 convolutions, each after its batch norm and ReLU (pre-activation)."""

    is_residual: ClassVar[bool] = True
    ends_without_activation: ClassVar[bool] = True

    family: Literal["preact-bottleneck"] = "preact-bottleneck"
    width: Width
    reduction: Reduction = 4


class Dense(BlockSpec):
    """Layers whose features are concatenated, then a 1x1 transition (DenseNet-BC)."""

    channel_fields: ClassVar[tuple[str, ...]] = ("growth_rate", "transition")
    ends_without_activation: ClassVar[bool] = True

    family: Literal["dense"] = "dense"
    growth_rate: int = Field(ge=1, le=MAX_GROWTH_RATE, description="channels each layer adds (k)")
    bottleneck: int = Field(4, ge=1, le=8, description="channels between / growth rate")
    transition: int = Field(0, ge=0, le=MAX_WIDTH, description="channels after it; 0: none")

    def out_channels(self, in_channels: int, depth: int) -> int:
        """Return the transition's channels, or all that were gathered."""
        return self.transition or in_channels + depth * self.growth_rate


class Separable(BlockSpec):
    """Depthwise, then pointwise convolution (MobileNet v1)."""

    family: Literal["separable"] = "separable"
    width: Width
    kernel: Kernel = 3
    activation: Activation = "relu6"


class MBConv(BlockSpec):
    """Inverted residual (MobileNet v2 and v3, EfficientNet, MnasNet)."""

    is_residual: ClassVar[bool] = True

    family: Literal["mbconv"] = "mbconv"
    width: Width
    kernel: Kernel = 3
    expansion: float = Field(6.0, ge=1, le=8, description="channels between / input channels")
    activation: Activation = "relu6"
    se: MobileSE = Field(
        "none",
        description="squeezes to a quarter of the expanded (MobileNetV3) or input channels",
    )


class Inception(BlockSpec):
    """Four branches, concatenated; named as the columns of GoogLeNet's table 1."""

    channel_fields: ClassVar[tuple[str, ...]] = (
        "ones",
        "threes_reduce",
        "threes",
        "fives_reduce",
        "fives",
        "pooled",
    )

    family: Literal["inception"] = "inception"
    ones: BranchWidth
    threes_reduce: BranchWidth
    threes: BranchWidth
    fives_reduce: BranchWidth
    fives: BranchWidth
    pooled: BranchWidth
    large_kernel: Kernel = Field(5, description="filter of the `fives` branch")

    def out_channels(self, in_channels: int, depth: int) -> int:
        """Return the sum of the branches."""
        del in_channels, depth
        return self.ones + self.threes + self.fives + self.pooled


Block = Annotated[
    Conv
    | Basic
    | Bottleneck
    | PreactBasic
    | PreactBottleneck
    | Dense
    | Separable
    | MBConv
    | Inception,
    Field(discriminator="family"),
]

FAMILIES: dict[str, type[BlockSpec]] = {
    family.model_fields["family"].default: family
    for family in (
        Conv,
        Basic,
        Bottleneck,
        PreactBasic,
        PreactBottleneck,
        Dense,
        Separable,
        MBConv,
        Inception,
    )
}
"""Every family by name."""
