"""Depthwise-separable convolution, applied twice as in NAS cells.

Chollet: Xception, CVPR 2017, https://arxiv.org/abs/1610.02357
Zoph et al.: Learning Transferable Architectures, CVPR 2018, appendix A.4 (applied twice),
https://arxiv.org/abs/1707.07012
"""

from torch import nn


class SeparableConv(nn.Sequential):
    """Twice ReLU, depthwise `kernel_size` and pointwise convolution, batch norm.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; the first half strides.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, kernel_size: int = 3
    ) -> None:
        super().__init__(
            *self._half(in_channels, in_channels, stride, kernel_size),
            *self._half(in_channels, out_channels, 1, kernel_size),
        )

    @staticmethod
    def _half(
        in_channels: int, out_channels: int, stride: int, kernel_size: int
    ) -> tuple[nn.Module, ...]:
        return (
            nn.ReLU(),
            nn.Conv2d(
                in_channels,
                in_channels,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2,
                groups=in_channels,
                bias=False,
            ),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
