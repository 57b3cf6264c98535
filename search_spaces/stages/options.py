"""What the space of stages lets its decisions choose from."""

from __future__ import annotations

from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from search_spaces.base import InputShape, SpaceOptions
from search_spaces.stages.architecture import (
    MAX_DEPTH,
    MAX_GRID,
    MAX_HIDDEN_LAYERS,
    MAX_STAGES,
    AuxiliaryHead,
    HeadPool,
    HiddenWidth,
    Pool,
)
from search_spaces.stages.families import (
    FAMILIES,
    MAX_GROWTH_RATE,
    MAX_WIDTH,
    Activation,
    BranchWidth,
    Kernel,
    MobileSE,
    Padding,
    Probability,
    Reduction,
    SEReduction,
    Width,
)

T = TypeVar("T")

POOLS: dict[str, Pool | None] = {
    "none": None,
    "max 2x2 / 2": Pool(kernel=2),
    "max 3x3 / 2": Pool(kernel=3),
    "max 3x3 / 2 padded": Pool(kernel=3, padded=True),
    "average 2x2 / 2": Pool(kind="average", kernel=2),
}
"""Pooling behind the stem or a stage, by the name of its choice."""

STEM_CONVOLUTIONS: dict[str, tuple[int, int, int] | None] = {
    "none": None,
    "3x3 / 1": (3, 1, 1),
    "3x3 / 2": (3, 2, 1),
    "7x7 / 2": (7, 2, 3),
    "7x7 / 2 padded by 1": (7, 2, 1),
    "11x11 / 4 padded by 2": (11, 4, 2),
}
"""Kernel, stride and padding of the stem, by the name of its choice."""

AUXILIARIES: dict[str, AuxiliaryHead | None] = {"none": None, "googlenet": AuxiliaryHead()}
"""Auxiliary heads by the name of their choice."""

WIDTHS = (*range(8, 385, 8), *range(416, 1057, 32), 2048)
DEPTHS = (*range(1, 14), 16, 18, 23, 24, 32, 36, 48)
BRANCH_WIDTHS = (16, 24, 32, 48, *range(64, 385, 16))

LARGE_IMAGE = 64
"""Height or width from which more stages, channels and blocks are suggested."""


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"got {values}, allowed: at least one value, each once")
    return values


def _named(known: dict[str, object]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"got {name!r}, allowed: {', '.join(known)}")
        return name

    return AfterValidator(check)


Menu = Annotated[tuple[T, ...], AfterValidator(_distinct)]
Family = Annotated[str, _named(dict(FAMILIES))]
PoolName = Annotated[str, _named(dict(POOLS))]
StemName = Annotated[str, _named(dict(STEM_CONVOLUTIONS))]
AuxiliaryName = Annotated[str, _named(dict(AUXILIARIES))]
Stride = Annotated[int, Field(ge=1, le=2)]
Depth = Annotated[int, Field(ge=1, le=MAX_DEPTH)]
Features = Annotated[int, Field(ge=0, le=MAX_WIDTH)]
Grid = Annotated[int, Field(ge=1, le=MAX_GRID)]
Hidden = Annotated[tuple[HiddenWidth, ...], Field(max_length=MAX_HIDDEN_LAYERS)]
Growth = Annotated[int, Field(ge=1, le=MAX_GROWTH_RATE)]


class StagesOptions(SpaceOptions):
    """The number of stages, and what each kind of decision chooses from."""

    min_stages: int = Field(1, ge=1, le=MAX_STAGES)
    max_stages: int = Field(11, ge=1, le=MAX_STAGES)
    families: Menu[Family] = tuple(FAMILIES)
    widths: Menu[Width] = WIDTHS
    depths: Menu[Depth] = DEPTHS
    strides: Menu[Stride] = (1, 2)
    pools: Menu[PoolName] = ("none", "max 2x2 / 2", "max 3x3 / 2")
    auxiliaries: Menu[AuxiliaryName] = ("none",)
    kernels: Menu[Kernel] = Field((1, 3, 5, 7), description="of plain convolutions")
    paddings: Menu[Padding] = Field(("same", "valid"), description="of plain convolutions")
    norms: Menu[bool] = Field((False, True), description="batch norm of plain convolutions")
    depthwise_kernels: Menu[Kernel] = (3, 5)
    activations: Menu[Activation] = ("relu", "relu6", "hard-swish", "silu")
    reductions: Menu[Reduction] = Field((1, 2, 4), description="of bottlenecks")
    groups: Menu[Annotated[int, Field(ge=1, le=64)]] = (1, 32)
    se_reductions: Menu[SEReduction] = (0, 16)
    block_dropouts: Menu[Probability] = Field((0.0, 0.3), description="of wide residual blocks")
    growth_rates: Menu[Growth] = (12, 24, 32, 48)
    transitions: Menu[Features] = Field((0, *WIDTHS), description="0: no transition")
    expansions: Menu[Annotated[float, Field(ge=1, le=8)]] = (
        *(1.0, 2.0, 2.3, 2.5, 3.0, 3.67, 4.0, 4.5, 6.0),
    )
    mobile_se: Menu[MobileSE] = ("none", "hidden", "input")
    branch_widths: Menu[BranchWidth] = BRANCH_WIDTHS
    stems: Menu[StemName] = tuple(STEM_CONVOLUTIONS)
    stem_pools: Menu[PoolName] = ("none", "max 3x3 / 2", "max 3x3 / 2 padded")
    stem_norms: Menu[bool] = (False, True)
    stem_activations: Menu[Activation] = ("none", "relu", "relu6", "hard-swish", "silu")
    features: Menu[Features] = (0, 576, 960, 1280, 1408, 1536, 1792, 2048, 2304, 2560)
    grids: Menu[Grid] = (1, 6, 7)
    hidden: Menu[Hidden] = ((), (1024,), (1280,), (4096, 4096))
    dropouts: Menu[Probability] = (0.0, 0.2, 0.3, 0.4, 0.5)
    batch_norm_eps: Menu[Annotated[float, Field(gt=0, le=0.1)]] = (1e-5, 1e-3)
    batch_norm_momenta: Menu[Annotated[float, Field(gt=0, le=1)]] = (0.1, 0.01)
    drop_paths: Menu[Probability] = (0.0, 0.2)
    head_pools: Menu[HeadPool] = Field(
        ("average",),
        description="how the head pools; max answers the same wherever a thing stands, for sounds",
    )

    @model_validator(mode="after")
    def _stages_are_a_range(self) -> Self:
        if self.min_stages > self.max_stages:
            raise ValueError(
                f"min_stages {self.min_stages} with max_stages {self.max_stages}, "
                f"allowed: 1 to {self.max_stages}"
            )
        return self

    @model_validator(mode="after")
    def _largest_is_of_all_pixels(self) -> Self:
        if "max" in self.head_pools:
            only_max = self.head_pools == ("max",)
            if (self.grids != (1,)) if only_max else (1 not in self.grids):
                raise ValueError(
                    f"grids {list(self.grids)} with head_pools {list(self.head_pools)}, "
                    f"allowed: {'1 alone' if only_max else '1 among them'}"
                )
        return self

    @classmethod
    def suggested(cls, input_shape: InputShape) -> Self:
        """Return options whose networks train on images of this size in minutes."""
        is_large = min(input_shape[1:]) >= LARGE_IMAGE
        return cls(
            max_stages=5 if is_large else 3,
            widths=(32, 64, 128, 256, 512) if is_large else (16, 32, 64, 128),
            depths=(1, 2, 3, 4) if is_large else (1, 2, 3),
            pools=("none", "max 2x2 / 2"),
            kernels=(3, 5),
            paddings=("same",),
            norms=(True,),
            activations=("relu", "hard-swish", "silu"),
            reductions=(2, 4),
            groups=(1, 8),
            se_reductions=(0, 8),
            block_dropouts=(0.0,),
            growth_rates=(8, 16, 32),
            transitions=(0, 32, 64, 128),
            expansions=(1.0, 3.0, 6.0),
            branch_widths=(8, 16, 32, 64),
            stems=("3x3 / 2", "7x7 / 2") if is_large else ("3x3 / 1",),
            stem_pools=("none", "max 3x3 / 2 padded") if is_large else ("none",),
            stem_norms=(True,),
            stem_activations=("relu", "silu"),
            features=(0, 256),
            grids=(1,),
            hidden=((),),
            dropouts=(0.0, 0.2),
            batch_norm_eps=(1e-5,),
            batch_norm_momenta=(0.1,),
            drop_paths=(0.0, 0.2),
        )
