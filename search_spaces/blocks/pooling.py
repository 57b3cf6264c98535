"""3x3 pooling that keeps the size at stride 1, with batch norm as in ENAS.

Pham, Guan, Zoph, Le, Dean: Efficient Neural Architecture Search via Parameter Sharing, ICML 2018,
https://arxiv.org/abs/1802.03268
"""

from torch import nn


class MaxPool(nn.Sequential):
    """3x3 max pooling, batch norm: `(N, C, H, W)` to `(N, C, ceil(H/stride), ceil(W/stride))`."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        _check_same(in_channels, out_channels)
        super().__init__(nn.MaxPool2d(3, stride, padding=1), nn.BatchNorm2d(out_channels))


class AveragePool(nn.Sequential):
    """3x3 average pooling over the pixels inside the image, batch norm.

    `(N, C, H, W)` to `(N, C, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        _check_same(in_channels, out_channels)
        super().__init__(
            nn.AvgPool2d(3, stride, padding=1, count_include_pad=False),
            nn.BatchNorm2d(out_channels),
        )


def _check_same(in_channels: int, out_channels: int) -> None:
    if in_channels != out_channels:
        raise ValueError(f"pooling keeps its channels: {in_channels} in, {out_channels} asked for")
