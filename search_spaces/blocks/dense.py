"""Dense connection by concatenation.

Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017,
section 3 (DenseNet-B layer and transition), https://arxiv.org/abs/1608.06993
"""

from torch import Tensor, cat, nn


class DenseLayer(nn.Module):
    """A DenseNet-B layer whose new features stand beside its input, then a 1x1 transition.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`. The layer adds
    `growth_rate = out / 2` channels through a 1x1 bottleneck of four times as many; the
    transition brings the concatenation back to `out` channels and strides.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        growth_rate = max(1, out_channels // 2)
        self.layer = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, 4 * growth_rate, 1, bias=False),
            nn.BatchNorm2d(4 * growth_rate),
            nn.ReLU(),
            nn.Conv2d(4 * growth_rate, growth_rate, 3, padding=1, bias=False),
        )
        self.transition = nn.Sequential(
            nn.BatchNorm2d(in_channels + growth_rate),
            nn.ReLU(),
            nn.Conv2d(in_channels + growth_rate, out_channels, 1, bias=False),
        )
        self.pool = nn.Identity() if stride == 1 else nn.AvgPool2d(stride, stride, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.pool(self.transition(cat([x, self.layer(x)], dim=1)))
        return out
