"""From a cell architecture to its network; the only place where the two meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from search_spaces.base import InputShape
from search_spaces.blocks.batch_norm import set_batch_norm
from search_spaces.blocks.end_padding import pad_at_end
from search_spaces.cell.architecture import Cell, CellArchitecture
from search_spaces.cell.layout import Layout
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.operations import Operation
from search_spaces.cell.plugins import find_or_raise_operation
from search_spaces.errors import BrokenOperationError, SearchSpaceError


def build_cells(
    architecture: CellArchitecture, input_shape: InputShape, num_classes: int
) -> CellNetwork:
    """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
    canonical = architecture.canonical()
    network = CellNetwork(
        genotype(canonical.normal),
        genotype(canonical.reduction),
        {name: operation_factory(name) for name in used_operations(canonical)},
        in_channels=input_shape[0],
        num_classes=num_classes,
        **network_arguments(canonical),
    )
    if canonical.layout.padding == "end":
        pad_at_end(network)
    set_batch_norm(network, **canonical.layout.batch_norm.model_dump())
    return network


def genotype(cell: Cell) -> Genotype:
    """Write a canonical cell as the plain tuples that `CellNetwork` takes."""
    return Genotype(tuple(terms for terms in cell.edges if terms), cell.output_states)


def network_arguments(architecture: CellArchitecture) -> dict[str, Any]:
    """Return the arguments of `CellNetwork` about the stack, without those at its defaults."""
    layout, default = architecture.layout, Layout()
    named = (
        *("stem_cells", "raw_stem", "bypass_reductions"),
        *("last_projections", "final_activation", "drop_path"),
    )
    return {
        "stacks": layout.stacks(architecture.repeats),
        "filters": architecture.filters,
        "stem_width": layout.width(architecture.filters),
        **{n: getattr(layout, n) for n in named if getattr(layout, n) != getattr(default, n)},
    }


def used_operations(architecture: CellArchitecture) -> tuple[str, ...]:
    """Return the names of the operations that occur, sorted."""
    return tuple(
        sorted(
            {
                operation
                for cell in (architecture.normal, architecture.reduction)
                for edges in cell.edges
                for _, operation in edges
            }
        )
    )


def operation_factory(name: str) -> Callable[[int, int, int], nn.Module]:
    """Return a function of channels in and out and stride that makes the operation `name`.

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


def _make(
    operation: Operation, block: type[nn.Module], in_channels: int, out_channels: int, stride: int
) -> nn.Module:
    try:
        return block(in_channels, out_channels, stride, **operation.arguments)
    except SearchSpaceError:
        raise
    except (TypeError, ValueError) as error:  # not memory errors, which are no fault of its
        given = [str(in_channels), str(out_channels), str(stride)]
        given += [f"{key}={value!r}" for key, value in operation.arguments.items()]
        raise BrokenOperationError(
            f"operation {operation.name!r}: {operation.block}({', '.join(given)}) failed: "
            f"{type(error).__name__}: {error}"
        ) from error
