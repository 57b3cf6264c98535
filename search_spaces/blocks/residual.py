"""Residual bottleneck.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, figure 5 (right),
https://arxiv.org/abs/1512.03385
"""

from torch import Tensor, nn


class Bottleneck(nn.Module):
    """1x1 down to `out / reduction` channels, 3x3, 1x1 up, and a shortcut around the three.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; where the shape changes the
    shortcut is a 1x1 projection (option B of the paper).
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, reduction: int = 4
    ) -> None:
        super().__init__()
        width = max(1, out_channels // reduction)
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1 and in_channels == out_channels
            else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.relu(self.residual(x) + self.shortcut(x))
        return out
