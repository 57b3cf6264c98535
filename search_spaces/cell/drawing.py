"""Cells as text: every block with what it takes, then what the cell puts out."""

from __future__ import annotations

from search_spaces.cell.architecture import CELL_INPUTS, Cell, CellArchitecture

_INPUT_NAMES = ("before last", "last")


def draw_cells(architecture: CellArchitecture) -> str:
    """Draw the normal and the reduction cell and say how they are stacked."""
    stack = (
        f"stem, {architecture.repeats} x normal, reduction, {architecture.repeats} x normal, "
        f"reduction, {architecture.repeats} x normal, classifier; {architecture.filters} filters"
    )
    return "\n\n".join(
        (
            f"normal cell\n{_draw(architecture.normal)}",
            f"reduction cell (halves height and width)\n{_draw(architecture.reduction)}",
            f"network: {stack}",
        )
    )


def _draw(cell: Cell) -> str:
    names = max(len(_state(s)) for s in range(CELL_INPUTS + len(cell.blocks)))
    operations = max(len(op) for block in cell.blocks for op in block.operations)
    lines = []
    for number, block in enumerate(cell.blocks):
        left, right = (
            f"{_state(source):>{names}} ── {operation + ' ':─<{operations + 1}}"
            for source, operation in zip(block.inputs, block.operations, strict=True)
        )
        lines.append(f"  {left}─┐")
        lines.append(f"  {right}─┴─ add ─▶ {_state(CELL_INPUTS + number)}")
    output = ", ".join(_state(s) for s in cell.unused_states)
    lines.append(f"  concatenate({output}) ─▶ output")
    return "\n".join(lines)


def _state(state: int) -> str:
    return _INPUT_NAMES[state] if state < CELL_INPUTS else f"block {state - CELL_INPUTS}"
