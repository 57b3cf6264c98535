"""Ghost modules: many feature maps from few convolutions.

Han, Wang, Tian, Guo, Xu, Xu: GhostNet: More Features from Cheap Operations, CVPR 2020, sections
3.1 and 3.2, https://arxiv.org/abs/1911.11907
"""

from torch import Tensor, cat, nn


class GhostModule(nn.Module):
    """A convolution for every `ratio`-th map; depthwise convolutions make its ghosts.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`. The paper's s is `ratio`, its k
    `kernel_size`, its d `cheap_kernel_size` (section 3.1); sizes are odd.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        kernel_size: int = 1,
        ratio: int = 2,
        cheap_kernel_size: int = 3,
        activates: bool = True,
    ) -> None:
        super().__init__()
        intrinsic = -(-out_channels // ratio)
        ghosts = intrinsic * (ratio - 1)
        self.out_channels = out_channels
        self.primary = nn.Sequential(
            nn.Conv2d(
                in_channels,
                intrinsic,
                kernel_size,
                stride,
                padding=kernel_size // 2,
                bias=False,
            ),
            nn.BatchNorm2d(intrinsic),
            nn.ReLU() if activates else nn.Identity(),
        )
        self.cheap = nn.Sequential(
            nn.Conv2d(
                intrinsic,
                ghosts,
                cheap_kernel_size,
                padding=cheap_kernel_size // 2,
                groups=intrinsic,
                bias=False,
            ),
            nn.BatchNorm2d(ghosts),
            nn.ReLU() if activates else nn.Identity(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate the intrinsic maps and their ghosts, and keep `out_channels` of them."""
        intrinsic = self.primary(x)
        return cat([intrinsic, self.cheap(intrinsic)], dim=1)[:, : self.out_channels]


class GhostBottleneck(nn.Module):
    """Two Ghost modules with a shortcut: the first widens, the second ends without ReLU.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))` (section 3.2, figure 3).
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, expansion: int, ratio: int
    ) -> None:
        super().__init__()
        hidden = expansion * in_channels
        self.branch = nn.Sequential(
            GhostModule(in_channels, hidden, ratio=ratio),
            _depthwise(hidden, stride) if stride > 1 else nn.Identity(),
            GhostModule(hidden, out_channels, ratio=ratio, activates=False),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1 and in_channels == out_channels
            else nn.Sequential(
                _depthwise(in_channels, stride),
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to the shortcut."""
        result: Tensor = self.branch(x) + self.shortcut(x)
        return result


def _depthwise(channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
    )
