"""Widths and depths of scaled networks of stages.

Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019,
section 3.3, https://arxiv.org/abs/1905.11946, with the rounding of its published code.
"""

from __future__ import annotations

from search_spaces.blocks.rounding import DIVISOR, deepened, round_channels, widened
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.families import BlockSpec, Dense


def scale(
    architecture: StagesArchitecture, *, width: float, depth: float, divisor: int = DIVISOR
) -> StagesArchitecture:
    """Multiply every width of stem, stages and features, and every stage's depth.

    A dense stage's transition keeps the share of the gathered channels that it lets through.
    Dense hidden layers and auxiliary heads keep their size. A multiplier of 1 changes nothing.

    Raises:
        ValidationError: A scaled number is larger than an architecture may have.
    """
    data = architecture.model_dump()
    channels = scaled_channels = 0
    if architecture.stem is not None:
        channels = architecture.stem.width
        scaled_channels = data["stem"]["width"] = widened(channels, width, divisor)
    for stage, written in zip(architecture.stages, data["stages"], strict=True):
        written["depth"] = deepened(stage.depth, depth)
        block = stage.block
        for name in block.channel_fields:
            written["block"][name] = widened(getattr(block, name), width, divisor)
        if isinstance(block, Dense):
            gathered = channels + stage.depth * block.growth_rate
            now = scaled_channels + written["depth"] * written["block"]["growth_rate"]
            written["block"]["transition"] = (
                block.transition
                if now == gathered or not block.transition
                else round_channels(block.transition * now / gathered, divisor)
            )
        scaled: BlockSpec = type(block).model_validate(written["block"])
        channels = block.out_channels(channels, stage.depth)
        scaled_channels = scaled.out_channels(scaled_channels, written["depth"])
    if architecture.head.features:
        data["head"]["features"] = widened(architecture.head.features, width, divisor)
    return type(architecture).model_validate(data)
