"""The pooling before a classifier: the mean of all positions, or the largest.

The largest of all positions does not depend on where it stands: a network that looks for a sound
all along a spectrogram then answers the same wherever the sound is.

Oquab, Bottou, Laptev, Sivic: Is Object Localization for Free? Weakly-Supervised Learning with
Convolutional Neural Networks, CVPR 2015, section 3.
"""

from torch import nn


def head_pool(kind: str, grid: int = 1) -> nn.Module:
    """Pool `(N, C, H, W)` to `(N, C, grid, grid)` by the mean, or the largest where `max`."""
    return nn.AdaptiveMaxPool2d(grid) if kind == "max" else nn.AdaptiveAvgPool2d(grid)
