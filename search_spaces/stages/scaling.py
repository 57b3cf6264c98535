"""Widths and depths of scaled networks.

Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019,
section 3.3, https://arxiv.org/abs/1905.11946, with the rounding of its published code.
"""

from __future__ import annotations

from math import ceil

from search_spaces.blocks.rounding import DIVISOR, round_channels
from search_spaces.stages.architecture import StagesArchitecture

__all__ = ["DIVISOR", "round_channels", "round_depth", "scale"]


def round_depth(depth: float) -> int:
    """Round a number of blocks up."""
    return ceil(depth)


def scale(architecture: StagesArchitecture, *, width: float, depth: float) -> StagesArchitecture:
    """Multiply every width of stem, stages and features, and every stage's depth.

    Dense hidden layers and auxiliary heads keep their size. A multiplier of 1 changes nothing.

    Raises:
        ValidationError: A scaled number is larger than an architecture may have.
    """

    def widened(channels: int) -> int:
        return channels if width == 1 else round_channels(channels * width)

    data = architecture.model_dump()
    if architecture.stem is not None:
        data["stem"]["width"] = widened(architecture.stem.width)
    for stage, written in zip(architecture.stages, data["stages"], strict=True):
        written["depth"] = round_depth(stage.depth * depth)
        for name in stage.block.channel_fields:
            written["block"][name] = (
                widened(written["block"][name]) if written["block"][name] else 0
            )
    if architecture.head.features:
        data["head"]["features"] = widened(architecture.head.features)
    return type(architecture).model_validate(data)
