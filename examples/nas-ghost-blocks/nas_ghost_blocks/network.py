"""The network of the space: a stem, stages of Ghost bottlenecks, and a linear classifier."""

from collections.abc import Sequence

from torch import Tensor, nn

from nas_ghost_blocks.ghost import GhostBottleneck

Stages = Sequence[tuple[int, int]]
"""Per stage the number of bottlenecks and their expansion."""


class GhostNetwork(nn.Module):
    """`(N, in_channels, H, W)` images to `(N, num_classes)` logits, any `H, W >= 1`.

    The first stage has `filters` channels; each further one halves height and width and doubles
    the channels.
    """

    def __init__(
        self, stages: Stages, *, in_channels: int, num_classes: int, filters: int, ratio: int
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential()
        channels = filters
        for number, (depth, expansion) in enumerate(stages):
            width = filters * 2**number
            for position in range(depth):
                stride = 2 if number and position == 0 else 1
                self.blocks.append(
                    GhostBottleneck(channels, width, stride, expansion=expansion, ratio=ratio)
                )
                channels = width
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        logits: Tensor = self.head(self.blocks(self.stem(images)))
        return logits
