"""Cells as text: every block with what it takes, then what the cell puts out."""

from __future__ import annotations

from search_spaces.cell.architecture import Cell, CellArchitecture
from search_spaces.cell.pruning import INPUTS

_INPUT_NAMES = ("before last", "last")


def draw_cells(architecture: CellArchitecture) -> str:
    """Draw the normal and the reduction cell and say how they are stacked."""
    return "\n\n".join(
        (
            f"normal cell\n{_draw(architecture.normal)}",
            f"reduction cell (halves height and width)\n{_draw(architecture.reduction)}",
            f"network: {_stack(architecture)}",
        )
    )


def _stack(architecture: CellArchitecture) -> str:
    layout = architecture.layout
    parts = ["stem"]
    if layout.stem_cells:
        parts.append(f"{layout.stem_cells} x reduction")
    stacks = [f"{repeats} x normal" for repeats in layout.stacks(architecture.repeats)]
    parts += [", reduction, ".join(stacks), "classifier"]
    text = f"{', '.join(parts)}; {architecture.filters} filters"
    special = layout.model_dump(exclude={"stem", "later_stacks", "batch_norm"})
    if not special:
        return text
    return f"{text}\nlayout: {', '.join(f'{name} {value}' for name, value in special.items())}"


def _draw(cell: Cell) -> str:
    cell = cell.pruned()
    names = max(len(_state(s)) for s in range(INPUTS + len(cell.blocks)))
    operations = max((len(op) for terms in cell.edges for _, op in terms), default=0)
    lines = []
    for number, terms in enumerate(cell.edges):
        sides = [
            f"{_state(source):>{names}} ── {operation + ' ':─<{operations + 1}}"
            for source, operation in terms
        ]
        if len(sides) == 2:
            lines.append(f"  {sides[0]}─┐")
            lines.append(f"  {sides[1]}─┴─ add ─▶ {_state(INPUTS + number)}")
        elif sides:
            lines.append(f"  {sides[0]}──────▶ {_state(INPUTS + number)}")
    output = ", ".join(_state(s) for s in cell.output_states)
    lines.append(f"  concatenate({output}) ─▶ output")
    return "\n".join(lines)


def _state(state: int) -> str:
    return _INPUT_NAMES[state] if state < INPUTS else f"block {state - INPUTS}"
