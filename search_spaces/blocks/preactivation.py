"""Pre-activation residual blocks: batch norm and ReLU come before each convolution.

He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016, figure 4 (e) and
appendix (a unit that changes the shape shares its first activation with the projection),
https://arxiv.org/abs/1603.05027
Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016, figure 1 (c, d: dropout between the
convolutions), https://arxiv.org/abs/1605.07146
"""

from torch import Tensor, nn

from search_spaces.blocks.drop_path import DropPath
from search_spaces.blocks.rounding import bottleneck_width


class PreactBlock(nn.Module):
    """Base: activates once, then adds the residual branch to the shortcut.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; where the shape changes, the
    shortcut is a 1x1 projection of the activated input, else the input itself.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        residual: nn.Sequential,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.activate = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())
        self.residual = residual
        self.drop_path = DropPath(drop_path)
        self.has_projection = stride != 1 or in_channels != out_channels
        self.projection = (
            nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            if self.has_projection
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        activated = self.activate(x)
        shortcut: Tensor = self.projection(activated) if self.has_projection else x
        out: Tensor = shortcut + self.drop_path(self.residual(activated))
        return out


class PreactBasicBlock(PreactBlock):
    """Two 3x3 convolutions, with dropout between them where `dropout` is not 0."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        )
        super().__init__(in_channels, out_channels, stride, residual, drop_path)


class PreactBottleneck(PreactBlock):
    """1x1 down to `out / reduction` channels, 3x3 that strides, 1x1 up."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        reduction: int = 4,
        drop_path: float = 0.0,
    ) -> None:
        width = bottleneck_width(out_channels, reduction)
        residual = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, out_channels, 1, bias=False),
        )
        super().__init__(in_channels, out_channels, stride, residual, drop_path)
