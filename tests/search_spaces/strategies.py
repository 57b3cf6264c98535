"""Hypothesis strategies and small factories for cells."""

from __future__ import annotations

from hypothesis import strategies as st

from search_spaces.cell.architecture import Block, Cell, CellArchitecture
from search_spaces.cell.operations import OPERATIONS

Row = tuple[int, str, int, str]


def cell_of(*rows: Row) -> Cell:
    return Cell(
        blocks=tuple(Block(inputs=(a, b), operations=(op_a, op_b)) for a, op_a, b, op_b in rows)
    )


def architecture_of(
    normal: Cell, reduction: Cell | None = None, *, repeats: int = 1, filters: int = 4
) -> CellArchitecture:
    return CellArchitecture(
        normal=normal, reduction=reduction or normal, repeats=repeats, filters=filters
    )


def every_operation() -> CellArchitecture:
    """An architecture in which each operation occurs at stride 1 and at stride 2."""
    names = list(OPERATIONS)
    names += names[:1] * (len(names) % 2)
    rows = [(0, first, 1, second) for first, second in zip(names[::2], names[1::2], strict=True)]
    return architecture_of(cell_of(*rows))


@st.composite
def cells(
    draw: st.DrawFn,
    max_blocks: int = 4,
    operations: tuple[str, ...] = tuple(OPERATIONS),
) -> Cell:
    count = draw(st.integers(1, max_blocks))
    rows = []
    for block in range(count):
        source, operation = st.integers(0, block + 1), st.sampled_from(operations)
        rows.append((draw(source), draw(operation), draw(source), draw(operation)))
    return cell_of(*rows)


@st.composite
def architectures(draw: st.DrawFn, max_blocks: int = 4) -> CellArchitecture:
    return architecture_of(
        draw(cells(max_blocks)),
        draw(cells(max_blocks)),
        repeats=draw(st.integers(1, 2)),
        filters=draw(st.integers(1, 5)),
    )
