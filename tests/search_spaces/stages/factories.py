"""Small stages of every family, and networks of them."""

from __future__ import annotations

from search_spaces.stages.architecture import Head, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import (
    Basic,
    BlockSpec,
    Bottleneck,
    Conv,
    Dense,
    Inception,
    MBConv,
    PreactBasic,
    PreactBottleneck,
    Separable,
)

SMALL_BLOCKS: dict[str, BlockSpec] = {
    "conv": Conv(width=8, norm=True, bias=False),
    "basic": Basic(width=8, se_reduction=4),
    "bottleneck": Bottleneck(width=16, reduction=2, groups=4, se_reduction=4),
    "preact-basic": PreactBasic(width=8, dropout=0.3),
    "preact-bottleneck": PreactBottleneck(width=16),
    "dense": Dense(growth_rate=4, transition=8),
    "separable": Separable(width=8),
    "mbconv": MBConv(width=8, expansion=3, activation="silu", se="input"),
    "inception": Inception(ones=2, threes_reduce=3, threes=4, fives_reduce=3, fives=2, pooled=1),
}


def stage_of(block: BlockSpec, depth: int = 2, stride: int = 2, **more: object) -> Stage:
    return Stage.model_validate({"block": block, "depth": depth, "stride": stride, **more})


def network_of(*stages: Stage, head: Head | None = None, **more: object) -> StagesArchitecture:
    return StagesArchitecture.model_validate(
        {"stem": Stem(width=8), "stages": stages, "head": head or Head(), **more}
    )
