"""Rounding of channel counts; needs nothing, not even torch.

Tan, Le: EfficientNet, ICML 2019, https://arxiv.org/abs/1905.11946, and Howard et al.: Searching
for MobileNetV3, ICCV 2019, https://arxiv.org/abs/1905.02244, as their published code rounds.
"""

from math import ceil

DIVISOR = 8


def round_channels(channels: float, divisor: int = DIVISOR) -> int:
    """Round to the nearest multiple of `divisor` that is at least 90 % of `channels`."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * channels else rounded + divisor


def widened(channels: int, multiplier: float, divisor: int = DIVISOR) -> int:
    """Multiply a number of channels, and round it; a multiplier of 1 leaves it as it is."""
    return channels if multiplier == 1 else round_channels(channels * multiplier, divisor)


def deepened(layers: int, multiplier: float) -> int:
    """Multiply a number of layers, and round it up."""
    return ceil(round(layers * multiplier, 9))  # 10 * 1.1 is 11, whatever floats make of it


def bottleneck_width(out_channels: int, reduction: int, groups: int = 1) -> int:
    """Return the channels between the 1x1 convolutions, a multiple of `groups`."""
    per_group = max(1, out_channels // reduction)
    return -(-per_group // groups) * groups
