"""Inverted residual with linear bottleneck (MBConv).

Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2, CVPR 2018, table 1 and figure 4,
https://arxiv.org/abs/1801.04381
"""

from torch import Tensor, nn


class MBConv(nn.Module):
    """1x1 up to `expansion` times the channels, 3x3 depthwise, linear 1x1 down.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; the shortcut is there where
    the shape stays.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, expansion: int = 3
    ) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride=stride, padding=1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.has_shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.residual(x)
        return x + out if self.has_shortcut else out
