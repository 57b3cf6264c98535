"""The network that stacks normal and reduction cells.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, figure 2 (the stack) and appendix A.4 (how inputs are adjusted),
https://arxiv.org/abs/1707.07012

It takes plain tuples and needs torch alone, so that it can be written out as standalone code.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor, cat, nn

from search_spaces.blocks.convolution import ConvBlock, FactorizedReduction, Identity
from search_spaces.blocks.drop_path import DropPath


class Genotype(NamedTuple):
    """A cell: per block the states it takes, each with an operation, and the states put out."""

    blocks: tuple[tuple[tuple[int, str], ...], ...]
    outputs: tuple[int, ...]

    def takes(self, state: int) -> bool:
        """Tell whether a block or the output takes `state`."""
        return state in self.outputs or any(s == state for terms in self.blocks for s, _ in terms)


Operations = Mapping[str, Callable[[int, int, int], nn.Module]]
"""Makes an operation from its numbers of input and output channels and its stride."""


class CellModule(nn.Module):
    """One cell: `(N, C_before_last, 2H or H, ...)` and `(N, C_last, H, W)` to `(N, out, H/s, W/s)`.

    Both inputs are brought to `channels` channels and one size, the last one by `projections`
    convolutions; the one before last not where `raw`, then operations on it do so. Every other
    state has `channels` channels. `drop_path` is the probability that an operation is left out.
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
        raw: bool,
        projections: int,
        drop_path: float,
    ) -> None:
        super().__init__()
        adjust = FactorizedReduction if before_last_is_larger else ConvBlock
        keeps_before_last = raw or not genotype.takes(0)
        self.adjust = nn.ModuleList(
            (
                nn.Identity() if keeps_before_last else adjust(before_last_channels, channels),
                _project(last_channels, channels, projections if genotype.takes(1) else 0),
            )
        )
        self.blocks, self.outputs = genotype
        self.operations = nn.ModuleList(
            operations[name](
                before_last_channels if raw and source == 0 else channels,
                channels,
                stride if source < 2 else 1,
            )
            for terms in self.blocks
            for source, name in terms
        )
        self.reduce_unused = nn.ModuleDict()
        for state in self.outputs:
            if state < 2 and stride == 2:
                width = before_last_channels if raw and state == 0 else channels
                self.reduce_unused[str(state)] = FactorizedReduction(width, channels)
            elif state == 0 and raw and before_last_channels != channels:
                self.reduce_unused[str(state)] = nn.Sequential(
                    nn.Conv2d(before_last_channels, channels, 1, bias=False),
                    nn.BatchNorm2d(channels),
                )
        self.drop_path = DropPath(drop_path)
        self.out_channels = channels * len(self.outputs)

    def forward(self, before_last: Tensor, last: Tensor) -> Tensor:
        """Map the outputs of the two cells before to `(N, out_channels, H/stride, W/stride)`."""
        states = [self.adjust[0](before_last), self.adjust[1](last)]
        operations = iter(self.operations)
        for terms in self.blocks:
            states.append(self._sum([states[source] for source, _ in terms], operations))
        for name, reduce in self.reduce_unused.items():
            states[int(name)] = reduce(states[int(name)])
        return cat([states[s] for s in self.outputs], dim=1)

    def _sum(self, sources: Sequence[Tensor], operations: Iterator[nn.Module]) -> Tensor:
        """Apply the next operation to each of one or two sources and add the results."""
        first = self._run(next(operations), sources[0])
        return first if len(sources) == 1 else first + self._run(next(operations), sources[1])

    def _run(self, operation: nn.Module, x: Tensor) -> Tensor:
        result: Tensor = operation(x)
        return result if isinstance(operation, Identity) else self.drop_path(result)


def _project(in_channels: int, out_channels: int, count: int) -> nn.Module:
    if count == 0:
        return nn.Identity()
    first = ConvBlock(in_channels, out_channels)
    if count == 1:
        return first
    return nn.Sequential(first, *(ConvBlock(out_channels, out_channels) for _ in range(1, count)))


class CellNetwork(nn.Module):
    """Stacks of normal cells, a reduction cell between stacks.

    `(N, in_channels, H, W)` images to `(N, num_classes)` logits. Without stem cells any
    `H, W >= 1` will do, with them the stem's first convolution needs 3 pixels. `stacks` counts
    each stack's normal cells; the first has `filters` channels per state, `stem_cells` reduction
    cells before it fewer by half for each. A cell that no later one takes is left out.
    """

    def __init__(
        self,
        normal: Genotype,
        reduction: Genotype,
        operations: Operations,
        *,
        in_channels: int,
        num_classes: int,
        stacks: Sequence[int],
        filters: int,
        stem_width: int,
        stem_cells: int = 0,
        raw_stem: bool = False,
        bypass_reductions: bool = False,
        last_projections: int = 1,
        final_activation: bool = True,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        stride, padding = (2, 0) if stem_cells else (1, 1)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, stem_width, 3, stride=stride, padding=padding, bias=False),
            nn.BatchNorm2d(stem_width),
        )
        plan = _plan(stacks, filters, stem_cells)
        self.sources = _sources([reduces for reduces, _ in plan], stem_cells, bypass_reductions)
        self.finished = _finished(self.sources)
        genotypes = [reduction if reduces else normal for reduces, _ in plan]
        needed = _needed(genotypes, self.sources)
        widths, halvings = [stem_width], [0]  # of the stem, then of each cell
        self.cells = nn.ModuleList()
        for number, (reduces, channels) in enumerate(plan):
            before_last, last = self.sources[number]
            cell = CellModule(
                genotypes[number],
                operations,
                before_last_channels=widths[before_last],
                last_channels=widths[last],
                channels=channels,
                stride=2 if reduces else 1,
                before_last_is_larger=halvings[before_last] < halvings[last],
                raw=raw_stem and number == 0,
                projections=last_projections,
                drop_path=drop_path * (number + 1) / len(plan),
            )
            self.cells.append(cell if number in needed else nn.Identity())
            widths.append(cell.out_channels)
            halvings.append(halvings[last] + reduces)
        self.needed = needed
        self.head = nn.Sequential(
            nn.ReLU() if final_activation else nn.Identity(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(widths[-1], num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        outputs = {0: self.stem(images)}
        for number, cell in enumerate(self.cells):
            before_last, last = self.sources[number]
            result = outputs[last]
            if number in self.needed:
                result = cell(outputs[before_last], result)
            outputs[number + 1] = result
            for index in self.finished[number]:  # so that its memory is free again
                del outputs[index]
        logits: Tensor = self.head(result)
        return logits


def _plan(stacks: Sequence[int], filters: int, stem_cells: int) -> list[tuple[bool, int]]:
    """Return for each cell whether it reduces, and its channels per state."""
    plan = [(True, filters // 2 ** (stem_cells - number)) for number in range(stem_cells)]
    for number, repeats in enumerate(stacks):
        channels = filters * 2**number
        plan += [(True, channels)] * (number > 0) + [(False, channels)] * repeats
    return plan


def _sources(reduces: Sequence[bool], stem_cells: int, bypass: bool) -> list[tuple[int, int]]:
    """Return for each cell which outputs it takes, before last and last; the stem's is 0."""
    sources = []
    for number in range(len(reduces)):
        before_last = max(0, number - 1)
        if bypass and number > stem_cells and reduces[number - 1]:
            before_last = max(0, number - 2)
        sources.append((before_last, number))
    return sources


def _finished(sources: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return for each cell the outputs that it is the last to take."""
    last_taker = {index: number for number, taken in enumerate(sources) for index in taken}
    return [
        [index for index, taker in last_taker.items() if taker == number]
        for number in range(len(sources))
    ]


def _needed(genotypes: Sequence[Genotype], sources: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Return the cells that the last one depends on."""
    needed = {len(genotypes) - 1}
    for number in reversed(range(len(genotypes))):
        if number in needed:
            needed |= {
                sources[number][state] - 1 for state in (0, 1) if genotypes[number].takes(state)
            }
    return frozenset(needed - {-1})
