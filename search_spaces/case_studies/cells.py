"""Writing published cells down, and the options of the space that they are points of."""

from __future__ import annotations

from typing import Any

from search_spaces.cell.architecture import Block, Cell, CellArchitecture, Concatenation
from search_spaces.cell.operations import DEFAULT_OPERATIONS

BEFORE_LAST, LAST = 0, 1
"""The two inputs of a cell as states; block `i` makes state `2 + i`."""

Term = tuple[int, str]


def cell(*blocks: tuple[Term, Term], concatenate: Concatenation = "unused") -> Cell:
    """Return a cell whose blocks add two terms each, a term a state and its operation."""
    return Cell(
        blocks=tuple(
            Block(inputs=(left[0], right[0]), operations=(left[1], right[1]))
            for left, right in blocks
        ),
        concatenate=concatenate,
    )


def space_options(architecture: CellArchitecture) -> dict[str, Any]:
    """Return options of the cell space under which `architecture` is one of its points.

    The operations are the space's own and the network's.
    """
    cells = (architecture.normal, architecture.reduction)
    named = [name for each in cells for block in each.blocks for name in block.operations]
    return {
        "blocks": len(architecture.normal.blocks),
        "repeats": architecture.repeats,
        "filters": architecture.filters,
        "operations": tuple(dict.fromkeys((*DEFAULT_OPERATIONS, *named))),
        "normal_concatenate": architecture.normal.concatenate,
        "reduction_concatenate": architecture.reduction.concatenate,
        "layout": architecture.layout.model_dump(),
    }
