"""The network that stacks normal and reduction cells.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, figure 2 (the stack) and appendix A.4 (how inputs are adjusted),
https://arxiv.org/abs/1707.07012

It takes plain tuples and needs torch alone, so that it can be written out as standalone code.
"""

from collections.abc import Callable, Mapping

from torch import Tensor, cat, nn

from search_spaces.blocks.convolution import ConvBlock, FactorizedReduction

Genotype = tuple[tuple[int, str, int, str], ...]
"""Per block: first input state and its operation, second input state and its operation."""

Operations = Mapping[str, Callable[[int, int], nn.Module]]
"""Makes an operation from its number of channels and its stride."""

STEM_MULTIPLIER = 3
"""The stem of the CIFAR-10 networks has three times the first stack's channels."""


class CellModule(nn.Module):
    """One cell: `(N, C_prev_prev, 2H or H, ...)` and `(N, C_prev, H, W)` to `(N, out, H/s, W/s)`.

    Every state inside has `channels` channels. States that no block takes are concatenated.
    """

    def __init__(
        self,
        genotype: Genotype,
        operations: Operations,
        *,
        before_last_channels: int,
        last_channels: int,
        channels: int,
        stride: int,
        before_last_is_larger: bool,
    ) -> None:
        super().__init__()
        adjust = FactorizedReduction if before_last_is_larger else ConvBlock
        self.adjust = nn.ModuleList(
            (adjust(before_last_channels, channels), ConvBlock(last_channels, channels))
        )
        self.blocks = genotype
        self.operations = nn.ModuleList()
        used = set()
        for first, first_operation, second, second_operation in genotype:
            for source, name in ((first, first_operation), (second, second_operation)):
                used.add(source)
                self.operations.append(operations[name](channels, stride if source < 2 else 1))
        self.unused = [s for s in range(2 + len(genotype)) if s not in used]
        self.reduce_unused = nn.ModuleDict(
            {str(s): FactorizedReduction(channels, channels) for s in self.unused if s < 2}
            if stride == 2
            else {}
        )
        self.out_channels = channels * len(self.unused)

    def forward(self, before_last: Tensor, last: Tensor) -> Tensor:
        """Map the outputs of the two cells before to `(N, out_channels, H/stride, W/stride)`."""
        states = [self.adjust[0](before_last), self.adjust[1](last)]
        for block, (first, _, second, _) in enumerate(self.blocks):
            left, right = self.operations[2 * block], self.operations[2 * block + 1]
            states.append(left(states[first]) + right(states[second]))
        for name, reduce in self.reduce_unused.items():
            states[int(name)] = reduce(states[int(name)])
        return cat([states[s] for s in self.unused], dim=1)


class CellNetwork(nn.Module):
    """Three stacks of `repeats` normal cells, a reduction cell between stacks.

    `(N, in_channels, H, W)` images to `(N, num_classes)` logits, any `H, W >= 1`.
    """

    def __init__(
        self,
        normal: Genotype,
        reduction: Genotype,
        operations: Operations,
        *,
        in_channels: int,
        num_classes: int,
        repeats: int,
        filters: int,
    ) -> None:
        super().__init__()
        width = STEM_MULTIPLIER * filters
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        self.cells = nn.ModuleList()
        before_last, last, channels = width, width, filters
        after_reduction = False
        for kind in (["normal"] * repeats + ["reduction"]) * 2 + ["normal"] * repeats:
            reduces = kind == "reduction"
            channels *= 2 if reduces else 1
            cell = CellModule(
                reduction if reduces else normal,
                operations,
                before_last_channels=before_last,
                last_channels=last,
                channels=channels,
                stride=2 if reduces else 1,
                before_last_is_larger=after_reduction,
            )
            self.cells.append(cell)
            before_last, last, after_reduction = last, cell.out_channels, reduces
        self.head = nn.Sequential(
            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, num_classes)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        before_last = last = self.stem(images)
        for cell in self.cells:
            before_last, last = last, cell(before_last, last)
        logits: Tensor = self.head(last)
        return logits
