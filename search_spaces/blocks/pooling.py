"""3x3 pooling that keeps the size at stride 1, with batch norm as in ENAS or without.

Pham, Guan, Zoph, Le, Dean: Efficient Neural Architecture Search via Parameter Sharing, ICML 2018,
https://arxiv.org/abs/1802.03268

Pooling keeps its channels. Where others are asked for, a 1x1 convolution and a batch norm follow,
as in the published code of NASNet (Zoph et al. 2018, https://arxiv.org/abs/1707.07012).
"""

from torch import nn


class MaxPool(nn.Sequential):
    """3x3 max pooling, batch norm where `norm`.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm: bool = True
    ) -> None:
        super().__init__(
            nn.MaxPool2d(3, stride, padding=1), *_following(in_channels, out_channels, norm)
        )


class AveragePool(nn.Sequential):
    """3x3 average pooling over the pixels inside the image, batch norm where `norm`.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm: bool = True
    ) -> None:
        super().__init__(
            nn.AvgPool2d(3, stride, padding=1, count_include_pad=False),
            *_following(in_channels, out_channels, norm),
        )


def _following(in_channels: int, out_channels: int, norm: bool) -> tuple[nn.Module, ...]:
    if in_channels != out_channels:
        return (nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))
    return (nn.BatchNorm2d(out_channels),) if norm else ()
