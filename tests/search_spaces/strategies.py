"""Hypothesis strategies and small factories for cells."""

from __future__ import annotations

from hypothesis import strategies as st

from search_spaces.batch_norm import BatchNorm
from search_spaces.cell.architecture import MAX_BLOCKS, Block, Cell, CellArchitecture, Concatenation
from search_spaces.cell.layout import Layout
from search_spaces.cell.operations import OPERATION_NAMES, OPERATIONS

Row = tuple[int, str, int, str]


def cell_of(*rows: Row, concatenate: Concatenation = "unused") -> Cell:
    return Cell(
        blocks=tuple(Block(inputs=(a, b), operations=(op_a, op_b)) for a, op_a, b, op_b in rows),
        concatenate=concatenate,
    )


def architecture_of(
    normal: Cell,
    reduction: Cell | None = None,
    *,
    repeats: int = 1,
    filters: int = 4,
    layout: Layout | None = None,
) -> CellArchitecture:
    return CellArchitecture(
        normal=normal,
        reduction=reduction or normal,
        repeats=repeats,
        filters=filters,
        layout=layout or Layout(),
    )


def every_operation(layout: Layout | None = None, filters: int = 4) -> list[CellArchitecture]:
    """Architectures in which each operation occurs at stride 1 and at stride 2."""
    names = list(OPERATIONS)
    names += names[:1] * (len(names) % 2)
    rows = [(0, first, 1, second) for first, second in zip(names[::2], names[1::2], strict=True)]
    return [
        architecture_of(cell_of(*rows[start : start + MAX_BLOCKS]), layout=layout, filters=filters)
        for start in range(0, len(rows), MAX_BLOCKS)
    ]


@st.composite
def concatenations(draw: st.DrawFn, blocks: int) -> Concatenation:
    states = st.lists(st.integers(0, blocks + 1), min_size=1, unique=True).map(tuple)
    return draw(st.sampled_from(("unused", "all")) | states)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    return Layout(
        stem=draw(st.sampled_from(("cifar", "imagenet"))),
        stem_width=draw(st.none() | st.integers(1, 30)),
        raw_stem=draw(st.booleans()),
        later_stacks=draw(st.none() | st.lists(st.integers(1, 2), min_size=1, max_size=3)),
        bypass_reductions=draw(st.booleans()),
        last_projections=draw(st.integers(1, 2)),
        padding=draw(st.sampled_from(("symmetric", "end"))),
        final_activation=draw(st.booleans()),
        batch_norm=draw(st.sampled_from((BatchNorm(), BatchNorm(eps=1e-3)))),
        drop_path=draw(st.sampled_from((0.0, 0.4))),
    )


@st.composite
def loose_cells(draw: st.DrawFn, max_blocks: int = 4) -> Cell:
    """Cells with edges of `none`, and blocks that may reach no output."""
    cell = draw(cells(max_blocks, (*OPERATION_NAMES, "none", "none", "none")))
    return cell.model_copy(update={"concatenate": draw(concatenations(len(cell.blocks)))})


@st.composite
def laid_out_architectures(draw: st.DrawFn, max_blocks: int = 4) -> CellArchitecture:
    return architecture_of(
        draw(loose_cells(max_blocks)),
        draw(loose_cells(max_blocks)),
        repeats=draw(st.integers(1, 2)),
        filters=draw(st.integers(8, 9)),
        layout=draw(layouts()),
    )


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
