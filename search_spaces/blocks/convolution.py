"""Plain convolution, in the ReLU - convolution - batch norm order of NAS cells.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, appendix A.4 (the order), https://arxiv.org/abs/1707.07012
"""

from torch import Tensor, cat, nn


class ConvBlock(nn.Sequential):
    """ReLU, `kernel_size` convolution, batch norm.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, kernel_size: int = 1
    ) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2,
                bias=False,
            ),
            nn.BatchNorm2d(out_channels),
        )


class FactorizedReduction(nn.Module):
    """Halves height and width by two 1x1 convolutions on pixel grids shifted by one.

    Zoph et al. (2018), appendix A.4: skips no pixel, as a strided 1x1 convolution would.
    `(N, in, H, W)` to `(N, out, ceil(H/2), ceil(W/2))`.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(in_channels, half, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(in_channels, out_channels - half, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/2), ceil(W/2))`."""
        x = self.relu(x)
        shifted = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        reduced: Tensor = self.norm(cat([self.even(x), self.odd(shifted)], dim=1))
        return reduced


class Identity(nn.Module):
    """Passes its input on; at stride 2 it becomes a factorised reduction."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.path = nn.Identity() if stride == 1 else FactorizedReduction(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        passed: Tensor = self.path(x)
        return passed
