"""Squeeze-and-excitation.

Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, figure 1 and section 3,
https://arxiv.org/abs/1709.01507
"""

from torch import Tensor, nn

from search_spaces.blocks.activation import activation_module


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate computed from all channels' spatial means.

    `(N, C, H, W)` to the same shape; the two dense layers are 1x1 convolutions on `(N, C, 1, 1)`
    with `squeezed` channels between them, `channels / reduction` where none are given.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 4,
        squeezed: int | None = None,
        activation: str = "relu",
        gate: str = "sigmoid",
    ) -> None:
        super().__init__()
        squeezed = squeezed or max(1, channels // reduction)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excitation = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1),
            activation_module(activation),
            nn.Conv2d(squeezed, channels, 1),
            activation_module(gate),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, C, H, W)`."""
        gates: Tensor = self.excitation(self.squeeze(x))
        return x * gates


class SqueezeExciteConv(nn.Sequential):
    """The SE block of figure 1 with a 3x3 convolution as its transformation.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, reduction: int = 4
    ) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            SqueezeExcite(out_channels, reduction=reduction),
        )
