"""Residual blocks: basic and bottleneck, wide, grouped (ResNeXt) and with SE.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, figure 5,
https://arxiv.org/abs/1512.03385
Xie, Girshick, Dollár, Tu, He: Aggregated Residual Transformations, CVPR 2017, figure 3 (c),
https://arxiv.org/abs/1611.05431
Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, figure 3 (SE before the sum),
https://arxiv.org/abs/1709.01507
"""

from torch import Tensor, nn

from search_spaces.blocks.drop_path import DropPath
from search_spaces.blocks.rounding import bottleneck_width
from search_spaces.blocks.squeeze_excite import SqueezeExcite


class ResidualBlock(nn.Module):
    """Base: adds the residual branch to the shortcut, then activates.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`. SE ends the residual branch;
    `se_reduction` 0 is without.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        residual: nn.Sequential,
        se_reduction: int,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.residual = residual
        if se_reduction:
            residual.append(SqueezeExcite(out_channels, reduction=se_reduction))
        self.drop_path = DropPath(drop_path)
        self.shortcut = projection(in_channels, out_channels, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.relu(self.drop_path(self.residual(x)) + self.shortcut(x))
        return out


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions and a shortcut around them (figure 5, left)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        se_reduction: int = 0,
        drop_path: float = 0.0,
    ) -> None:
        residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        super().__init__(in_channels, out_channels, stride, residual, se_reduction, drop_path)


class Bottleneck(ResidualBlock):
    """1x1 down to `out / reduction` channels, 3x3, 1x1 up, and a shortcut around the three.

    The channels between are rounded up to a multiple of `groups`, the cardinality of the 3x3
    convolution, which also strides.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        reduction: int = 4,
        groups: int = 1,
        se_reduction: int = 0,
        drop_path: float = 0.0,
    ) -> None:
        width = bottleneck_width(out_channels, reduction, groups)
        residual = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, groups=groups, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        super().__init__(in_channels, out_channels, stride, residual, se_reduction, drop_path)


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Make the shortcut: the identity, or a 1x1 projection where the shape changes (option B)."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )
