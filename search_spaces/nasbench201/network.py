"""The network of NAS-Bench-201: three stages of one cell, with residual blocks between.

Dong, Yang: NAS-Bench-201, ICLR 2020, section 2.1 and figure 1 (top),
https://arxiv.org/abs/2001.00326

It takes plain tuples and needs torch alone, so that it can be written out as standalone code.
"""

from torch import Tensor, nn

from search_spaces.blocks.convolution import ConvBlock

NODES = 4
STAGES = 3

Edges = tuple[tuple[int, int, str], ...]
"""Edges that compute something: source node, target node, operation; targets never decrease."""


def make_operation(name: str, channels: int) -> nn.Module:
    """Make an edge's operation: `(N, C, H, W)` to the same shape."""
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ConvBlock(channels, channels, kernel_size={"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name])


class CellModule(nn.Module):
    """One cell: `(N, C, H, W)` to the same shape; a node without edges into it is zero."""

    def __init__(self, edges: Edges, channels: int) -> None:
        super().__init__()
        self.edges = edges
        self.operations = nn.ModuleList(make_operation(name, channels) for _, _, name in edges)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, C, H, W)`."""
        nodes: list[Tensor | None] = [x] + [None] * (NODES - 1)
        for (source, target, _), operation in zip(self.edges, self.operations, strict=True):
            value = nodes[source]
            # Multiplying keeps the gradient's path: weights before a zero have gradient zero.
            term: Tensor = operation(x * 0.0 if value is None else value)
            total = nodes[target]
            nodes[target] = term if total is None else total + term
        output = nodes[-1]
        return x * 0.0 if output is None else output


class ResidualReduction(nn.Module):
    """The basic residual block between stages, stride 2.

    He, Zhang, Ren, Sun: Deep Residual Learning, CVPR 2016, figure 5 (left); its shortcut pools
    before it projects. `(N, in, H, W)` to `(N, out, ceil(H/2), ceil(W/2))`.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            ConvBlock(in_channels, out_channels, 2, kernel_size=3),
            ConvBlock(out_channels, out_channels, kernel_size=3),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(in_channels, out_channels, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/2), ceil(W/2))`."""
        out: Tensor = self.shortcut(x) + self.residual(x)
        return out


class NasBench201Network(nn.Module):
    """Stem, three stages of `cells` cells, classifier.

    `(N, in_channels, H, W)` images to `(N, num_classes)` logits, any `H, W >= 1`.
    """

    def __init__(
        self, edges: Edges, *, in_channels: int, num_classes: int, cells: int, filters: int
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters)
        )
        self.stages = nn.Sequential()
        channels = filters
        for stage in range(STAGES):
            if stage:
                self.stages.append(ResidualReduction(channels, 2 * channels))
                channels *= 2
            for _ in range(cells):
                self.stages.append(CellModule(edges, channels))
        self.head = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        logits: Tensor = self.head(self.stages(self.stem(images)))
        return logits
