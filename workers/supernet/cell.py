"""The supernet of `cell`: in each cell, for each block and state that it may take, every operation.

As in ENAS' micro space (section 2.4), weights belong to a pair of states and an operation, cell
by cell. A cell puts out as many states as nothing takes; whatever takes its output, a projection
or the classifier, has shared weights for all of them and uses those that are there (ENAS' code
does so for the cell's last 1x1 convolution).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from search_spaces.base import InputShape
from search_spaces.blocks.batch_norm import set_batch_norm
from search_spaces.blocks.end_padding import pad_at_end
from search_spaces.cell.building import network_arguments, operation_factory
from search_spaces.cell.network import CellModule, CellNetwork, Genotype
from search_spaces.cell.operations import NONE
from search_spaces.cell.pruning import INPUTS
from search_spaces.cell.space import CellSpace
from workers.supernet.base import Place, Supernet, drop_running_statistics

_REDUCED = "1"
"""A cell that puts out its last input has to reduce it where it strides."""


class CellSupernet(Supernet):
    """Shares by cell, block, state taken and operation; the rest is everyone's."""

    def __init__(self, space: CellSpace, input_shape: InputShape, num_classes: int) -> None:
        super().__init__(input_shape, num_classes)
        blocks, layout = space.options.blocks, space.options.layout
        # A network whose cells put out every state has all that stands between the cells, at its
        # widest. Its cells have no operations: it is never run.
        everything = Genotype(((),) * blocks, tuple(range(INPUTS + blocks)))
        self.frame = CellNetwork(
            everything,
            everything,
            {},
            in_channels=input_shape[0],
            num_classes=num_classes,
            **network_arguments(space.sample(np.random.default_rng(0))),
        )
        factories = {
            name: operation_factory(name) for name in space.options.operations if name != NONE
        }
        stem_width = layout.width(space.options.filters)
        self.operations = nn.ModuleDict()
        self._channels: list[int] = []
        for number in range(len(self.frame.cells)):
            cell = _cell(self.frame, number)
            channels = cell.out_channels // (INPUTS + blocks)
            self._channels.append(channels)
            reduces = _REDUCED in cell.reduce_unused
            for block in range(blocks):
                for source in range(INPUTS + block):
                    is_raw = layout.raw_stem and number == 0 and source == 0
                    width = stem_width if is_raw else channels
                    stride = 2 if source < INPUTS and reduces else 1
                    for name, factory in factories.items():
                        for twin in (0, 1):
                            key = _key(number, block, source, name, twin)
                            self.operations[key] = factory(width, channels, stride)
        if layout.padding == "end":
            pad_at_end(self)
        set_batch_norm(self, **layout.batch_norm.model_dump())
        drop_running_statistics(self)

    def place(self, network: nn.Module, parameter: str) -> Place:
        """Take an operation's parameters from its place, all others from the frame."""
        if not isinstance(network, CellNetwork):
            raise TypeError(f"got a {type(network).__name__}, allowed: the network of cells")
        shared = f"frame.{parameter}"
        match parameter.split("."):
            case ["cells", cell, "operations", number, *rest]:
                key = _operation_key(network, int(cell), int(number))
                return Place(".".join(("operations", key, *rest)))
            case ["cells", cell, "adjust", state, *_]:
                source = network.sources[int(cell)][int(state)]
                return Place(shared, self._inputs(network, source))
            case ["head", *_]:
                return Place(shared, self._inputs(network, len(network.cells)))
        return Place(shared)

    def _inputs(self, network: CellNetwork, output: int) -> Sequence[int] | None:
        """Return the channels that a cell puts out, among those of all its states.

        `output` counts the stem's as 0, which is the same for all candidates.
        """
        if output == 0:
            return None
        channels = self._channels[output - 1]
        states = _cell(network, output - 1).outputs
        return [state * channels + channel for state in states for channel in range(channels)]


def _cell(network: CellNetwork, number: int) -> CellModule:
    found = network.cells[number]
    if not isinstance(found, CellModule):
        raise TypeError(f"cell {number} is left out of the network")
    return found


def _operation_key(network: CellNetwork, cell: int, number: int) -> str:
    """Return the place of a cell's operation of this number."""
    places = []
    for block, terms in enumerate(_cell(network, cell).blocks):
        for slot, (source, name) in enumerate(terms):
            twin = terms[:slot].count((source, name))
            places.append(_key(cell, block, source, name, twin))
    return places[number]


def _key(cell: int, block: int, source: int, operation: str, twin: int) -> str:
    """Name a place; `twin` is 1 for the second of two equal terms of a block."""
    return f"{cell}:{block}:{source}:{operation}:{twin}"
