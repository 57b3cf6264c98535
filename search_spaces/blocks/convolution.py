"""Plain convolution: in the order of the classic networks and in that of NAS cells.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks,
NIPS 2012, section 3; Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale
Image Recognition, ICLR 2015, section 2, https://arxiv.org/abs/1409.1556 (`ConvLayer`)

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, appendix A.4 (ReLU - convolution - batch norm), https://arxiv.org/abs/1707.07012
"""

from torch import Tensor, cat, nn

from search_spaces.blocks.activation import activation_module


class ConvLayer(nn.Sequential):
    """Convolution, batch norm where `norm`, activation.

    `(N, in, H, W)` to `(N, out, H', W')` with `H' = floor((H + 2 padding - kernel) / stride) + 1`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        kernel_size: int = 3,
        padding: int | None = None,
        norm: bool = True,
        bias: bool = False,
        activation: str = "relu",
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2 if padding is None else padding,
                bias=bias,
            ),
            nn.BatchNorm2d(out_channels) if norm else nn.Identity(),
            activation_module(activation),
        )


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
    """Passes its input on; at stride 2 it becomes a factorised reduction.

    Where channels differ at stride 1, a 1x1 convolution changes them. `(N, in, H, W)` to
    `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.path = self._path(in_channels, out_channels, stride)

    @staticmethod
    def _path(in_channels: int, out_channels: int, stride: int) -> nn.Module:
        if stride == 2:
            return FactorizedReduction(in_channels, out_channels)
        return (
            nn.Identity() if in_channels == out_channels else ConvBlock(in_channels, out_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        passed: Tensor = self.path(x)
        return passed


class StridedIdentity(Identity):
    """Passes its input on; at stride 2 it becomes a strided 1x1 convolution.

    It leaves out three of four pixels, as the published code of NASNet, PNASNet and AmoebaNet
    does. `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    @staticmethod
    def _path(in_channels: int, out_channels: int, stride: int) -> nn.Module:
        if stride == 1 and in_channels == out_channels:
            return nn.Identity()
        return ConvBlock(in_channels, out_channels, stride)
