"""Dense connection by concatenation.

Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017,
section 3 (DenseNet-B layer and transition), https://arxiv.org/abs/1608.06993
"""

from torch import Tensor, cat, nn


class BottleneckLayer(nn.Sequential):
    """The DenseNet-B layer: `(N, in, H, W)` to its `growth_rate` new features of the same size."""

    def __init__(self, in_channels: int, growth_rate: int, *, bottleneck: int = 4) -> None:
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, bottleneck * growth_rate, 1, bias=False),
            nn.BatchNorm2d(bottleneck * growth_rate),
            nn.ReLU(),
            nn.Conv2d(bottleneck * growth_rate, growth_rate, 3, padding=1, bias=False),
        )


class Transition(nn.Sequential):
    """Batch norm, ReLU and 1x1 convolution that compress what a dense block has gathered.

    `(N, in, H, W)` to `(N, out, H, W)`; the pooling that follows in the paper is a module of
    its own.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
        )


class ConcatenatedLayer(nn.Module):
    """A DenseNet-B layer with its dense connection (equation 2 of the paper).

    `(N, in, H, W)` to `(N, in + growth_rate, H, W)`, the new features last.
    """

    def __init__(self, in_channels: int, growth_rate: int, *, bottleneck: int = 4) -> None:
        super().__init__()
        self.layer = BottleneckLayer(in_channels, growth_rate, bottleneck=bottleneck)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, in + growth_rate, H, W)`."""
        return cat([x, self.layer(x)], dim=1)


class DenseLayer(nn.Module):
    """A DenseNet-B layer whose new features stand beside its input, then a 1x1 transition.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`. The layer adds
    `growth_rate = out / 2` channels through a 1x1 bottleneck of four times as many; the
    transition brings the concatenation back to `out` channels and strides.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        growth_rate = max(1, out_channels // 2)
        self.layer = BottleneckLayer(in_channels, growth_rate)
        self.transition = Transition(in_channels + growth_rate, out_channels)
        self.pool = nn.Identity() if stride == 1 else nn.AvgPool2d(stride, stride, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.pool(self.transition(cat([x, self.layer(x)], dim=1)))
        return out
