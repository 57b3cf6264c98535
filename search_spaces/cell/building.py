"""From a cell architecture to its network; the only place where the two meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from search_spaces.base import InputShape
from search_spaces.cell.architecture import Cell, CellArchitecture
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.operations import Operation
from search_spaces.cell.plugins import find_or_raise_operation
from search_spaces.errors import BrokenOperationError, SearchSpaceError


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
    """Return a function of channels and stride that makes the operation called `name`.

    Raises:
        BrokenOperationError: Its block class cannot be imported; the function raises it where
            the block cannot be made.
    """
    operation = find_or_raise_operation(name)
    try:
        block = operation.block_class()
    except Exception as error:  # whatever another package does when it is imported
        raise BrokenOperationError(
            f"operation {name!r}: cannot import its block {operation.block}: {error}"
        ) from error
    return partial(_make, operation, block)


def _make(operation: Operation, block: type[nn.Module], channels: int, stride: int) -> nn.Module:
    try:
        return block(channels, channels, stride, **operation.arguments)
    except SearchSpaceError:
        raise
    except (TypeError, ValueError) as error:  # not memory errors, which are no fault of its
        arguments = ", ".join(f"{key}={value!r}" for key, value in operation.arguments.items())
        raise BrokenOperationError(
            f"operation {operation.name!r}: {operation.block}({channels}, {channels}, {stride}"
            f"{', ' if arguments else ''}{arguments}) failed: {type(error).__name__}: {error}"
        ) from error
