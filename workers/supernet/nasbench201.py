"""The supernet of `nasbench201`: at each edge of each cell, every operation that has weights."""

from __future__ import annotations

from torch import nn

from search_spaces.base import InputShape
from search_spaces.nasbench201.network import (
    CellModule,
    NasBench201Network,
    ResidualReduction,
    make_operation,
)
from search_spaces.nasbench201.operations import EDGES, WITH_WEIGHTS
from search_spaces.nasbench201.space import NasBench201Space
from workers.supernet.base import Place, Supernet, drop_running_statistics


class NasBench201Supernet(Supernet):
    """Shares by stage, cell, edge and operation; stem, reductions and head are everyone's."""

    def __init__(self, space: NasBench201Space, input_shape: InputShape, num_classes: int) -> None:
        super().__init__(input_shape, num_classes)
        filters = space.options.filters
        self.frame = NasBench201Network(
            (),
            in_channels=input_shape[0],
            num_classes=num_classes,
            cells=space.options.cells,
            filters=filters,
        )
        self.operations = nn.ModuleDict()
        channels = filters
        for number, stage in enumerate(self.frame.stages):
            if isinstance(stage, ResidualReduction):
                channels *= 2
            elif isinstance(stage, CellModule):
                for source, target in EDGES:
                    for operation in sorted(WITH_WEIGHTS):
                        key = _key(number, source, target, operation)
                        self.operations[key] = make_operation(operation, channels)
        drop_running_statistics(self)

    def place(self, network: nn.Module, parameter: str) -> Place:
        """Take an operation's parameters from its edge, all others from the frame."""
        match parameter.split("."):
            case ["stages", cell, "operations", number, *rest]:
                module = network.get_submodule(f"stages.{cell}")
                if isinstance(module, CellModule):
                    key = _key(int(cell), *module.edges[int(number)])
                    return Place(".".join(("operations", key, *rest)))
        return Place(f"frame.{parameter}")


def _key(cell: int, source: int, target: int, operation: str) -> str:
    return f"{cell}:{source}-{target}:{operation}"
