"""Networks of stages as values.

A factorised description: what repeats is written once (Tan, Chen, Pang, Vasudevan, Sandler,
Howard, Le: MnasNet, CVPR 2019, section 4.1 and figure 4, https://arxiv.org/abs/1807.11626).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from search_spaces.base import Architecture
from search_spaces.batch_norm import BatchNorm
from search_spaces.stages.families import MAX_WIDTH, Activation, Block, Probability, Width

MAX_STAGES = 12
MAX_DEPTH = 512
MAX_HIDDEN_LAYERS = 3
MAX_HIDDEN_WIDTH = 8192
MAX_GRID = 8

HeadPool = Literal["average", "max"]
HiddenWidth = Annotated[int, Field(ge=1, le=MAX_HIDDEN_WIDTH)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pool(_Part):
    """Pooling; with padding its last window may be cut off, without it the edge is kept.

    Rounding the size up where nothing is padded is what ZFNet and GoogLeNet do; for AlexNet and
    VGG no size is left to round.
    """

    kind: Literal["max", "average"] = "max"
    kernel: int = Field(2, ge=2, le=3)
    stride: int = Field(2, ge=1, le=3)
    padded: bool = Field(False, description="padded by half the kernel, rounding down")


class Stem(_Part):
    """The first convolution and the pooling behind it."""

    width: Width
    kernel: int = Field(3, ge=1, le=11, description="height and width of the filter")
    stride: int = Field(1, ge=1, le=4)
    padding: int = Field(1, ge=0, description="pixels, at most half the kernel")
    norm: bool = Field(True, description="batch norm after the convolution")
    bias: bool = False
    activation: Activation = "relu"
    pool: Pool | None = None

    @model_validator(mode="after")
    def _padding_lies_within_the_window(self) -> Self:
        if self.padding > self.kernel // 2:
            raise ValueError(
                f"padding {self.padding} with kernel {self.kernel}, "
                f"allowed: 0 to {self.kernel // 2}"
            )
        return self


class AuxiliaryHead(_Part):
    """A second classifier on the features of a stage, for training alone.

    Szegedy et al.: Going Deeper with Convolutions, CVPR 2015, section 5: average pooling, 1x1
    convolution, a dense layer, dropout, classifier.
    """

    grid: int = Field(4, ge=1, le=MAX_GRID, description="height and width after pooling")
    features: Width = 128
    hidden: HiddenWidth = 1024
    dropout: Probability = 0.7


class Stage(_Part):
    """`depth` blocks of one kind, the first with `stride`, then pooling if there is any."""

    block: Block
    depth: int = Field(1, ge=1, le=MAX_DEPTH, description="number of blocks")
    stride: int = Field(1, ge=1, le=2, description="stride of the first block")
    pool: Pool | None = None
    auxiliary: AuxiliaryHead | None = Field(None, description="a head on this stage's output")


class Head(_Part):
    """From the last stage to the logits.

    1x1 convolution to `features` channels, pooling to `grid` x `grid`, dense `hidden`
    layers with dropout behind each, classifier. Without hidden layers dropout is before it.
    """

    features: int = Field(0, ge=0, le=MAX_WIDTH, description="channels of the 1x1 convolution")
    grid: int = Field(1, ge=1, le=MAX_GRID, description="height and width after pooling")
    hidden: tuple[HiddenWidth, ...] = Field((), max_length=MAX_HIDDEN_LAYERS)
    activation: Activation = "relu"
    dropout: Probability = 0.0
    pool: HeadPool = Field(
        "average",
        description="mean of each window, or the largest of all pixels, with grid 1",
        exclude_if=lambda kind: kind == "average",  # older values, and their hashes, are without
    )

    @model_validator(mode="after")
    def _largest_is_of_all_pixels(self) -> Self:
        if self.pool == "max" and self.grid != 1:
            raise ValueError(f"pool 'max' with grid {self.grid}, allowed: grid 1")
        return self


class StagesArchitecture(Architecture):
    """A stem, stages and a head.

    `drop_path` is the probability that the last residual block's branch is left out while
    training; it grows linearly over the blocks (stochastic depth, Huang et al. 2016).
    """

    space: Literal["stages"] = "stages"
    stem: Stem | None = None
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=MAX_STAGES)
    head: Head = Head()
    batch_norm: BatchNorm = BatchNorm()
    drop_path: Probability = 0.0

    def canonical(self) -> Self:
        """Return the architecture with what has no effect on it at its default."""
        head = self.head
        if not head.features and not head.hidden:
            head = head.model_copy(update={"activation": "relu"})
        is_residual = any(stage.block.is_residual for stage in self.stages)
        return self.model_copy(
            update={
                "head": head,
                "batch_norm": self.batch_norm if self._has_norm else BatchNorm(),
                "drop_path": self.drop_path if is_residual else 0.0,
            }
        )

    @property
    def _has_norm(self) -> bool:
        return (
            (self.stem is not None and self.stem.norm)
            or any(stage.block.has_norm or stage.auxiliary is not None for stage in self.stages)
            or self.head.features > 0
        )
