"""From a cell architecture to its network; the only place where the two meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from search_spaces.base import InputShape
from search_spaces.cell.architecture import Cell, CellArchitecture
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.operations import OPERATIONS


def build_cells(
    architecture: CellArchitecture, input_shape: InputShape, num_classes: int
) -> CellNetwork:
    """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
    canonical = architecture.canonical()
    return CellNetwork(
        genotype(canonical.normal),
        genotype(canonical.reduction),
        {name: operation_factory(name) for name in used_operations(canonical)},
        in_channels=input_shape[0],
        num_classes=num_classes,
        repeats=canonical.repeats,
        filters=canonical.filters,
    )


def genotype(cell: Cell) -> Genotype:
    """Write a cell as the plain tuples that `CellNetwork` takes."""
    return tuple(
        (block.inputs[0], block.operations[0], block.inputs[1], block.operations[1])
        for block in cell.blocks
    )


def used_operations(architecture: CellArchitecture) -> tuple[str, ...]:
    """Return the names of the operations that occur, sorted."""
    return tuple(
        sorted(
            {
                operation
                for cell in (architecture.normal, architecture.reduction)
                for block in cell.blocks
                for operation in block.operations
            }
        )
    )


def operation_factory(name: str) -> Callable[[int, int], nn.Module]:
    """Return a function of channels and stride that makes the operation called `name`."""
    operation = OPERATIONS[name]
    block = operation.block_class()
    return partial(_make, block, dict(operation.arguments))


def _make(
    block: type[nn.Module], arguments: dict[str, int], channels: int, stride: int
) -> nn.Module:
    return block(channels, channels, stride, **arguments)
