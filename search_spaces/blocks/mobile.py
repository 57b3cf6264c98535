"""Inverted residual with linear bottleneck (MBConv), and its forms with squeeze-and-excitation.

Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2, CVPR 2018, table 1 and figure 4,
https://arxiv.org/abs/1801.04381
Howard et al.: Searching for MobileNetV3, ICCV 2019, figure 4 and section 5.3 (SE on the expanded
channels, a quarter of them squeezed), https://arxiv.org/abs/1905.02244
Tan, Le: EfficientNet, ICML 2019, section 4 (SE squeezed to a quarter of the block's input),
https://arxiv.org/abs/1905.11946
"""

from torch import Tensor, nn

from search_spaces.blocks.activation import activation_module
from search_spaces.blocks.drop_path import DropPath
from search_spaces.blocks.rounding import round_channels
from search_spaces.blocks.squeeze_excite import SqueezeExcite

SE_REDUCTION = 4
"""Both papers squeeze to a quarter: of the expanded channels or of the block's input."""


class MBConv(nn.Module):
    """1x1 up to `expansion` times the channels, depthwise, SE where asked for, linear 1x1 down.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; the shortcut is there where
    the shape stays, and without expansion there is no first convolution. `se` is `none`,
    `hidden` (MobileNetV3) or `input` (EfficientNet).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        expansion: float = 3,
        kernel_size: int = 3,
        activation: str = "relu6",
        se: str = "none",
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        hidden = round(in_channels * expansion)
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [
                nn.Conv2d(in_channels, hidden, 1, bias=False),
                nn.BatchNorm2d(hidden),
                activation_module(activation),
            ]
        layers += [
            nn.Conv2d(
                hidden,
                hidden,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2,
                groups=hidden,
                bias=False,
            ),
            nn.BatchNorm2d(hidden),
            activation_module(activation),
        ]
        if se == "hidden":
            squeezed = round_channels(hidden / SE_REDUCTION)
            layers.append(SqueezeExcite(hidden, squeezed=squeezed, gate="hard-sigmoid"))
        if se == "input":
            squeezed = max(1, in_channels // SE_REDUCTION)
            layers.append(SqueezeExcite(hidden, squeezed=squeezed, activation=activation))
        layers += [nn.Conv2d(hidden, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)]
        self.residual = nn.Sequential(*layers)
        self.drop_path = DropPath(drop_path)
        self.has_shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        out: Tensor = self.residual(x)
        return x + self.drop_path(out) if self.has_shortcut else out
