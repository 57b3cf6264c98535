"""A NAS-Bench-201 cell as text: every node with the edges into it."""

from __future__ import annotations

from search_spaces.nasbench201.architecture import NasBench201Architecture
from search_spaces.nasbench201.operations import EDGES, OPERATIONS

_NODE_NAMES = ("input", "node 1", "node 2", "output")


def draw_cell(architecture: NasBench201Architecture) -> str:
    """Draw the cell and say how it is stacked."""
    lines = ["cell (the edges into a node are added)"]
    sources, operations = max(map(len, _NODE_NAMES)), max(map(len, OPERATIONS))
    for target in range(1, len(_NODE_NAMES)):
        taken = [
            (source, operation)
            for (source, end), operation in zip(EDGES, architecture.operations, strict=True)
            if end == target and operation != "none"
        ]
        for number, (source, operation) in enumerate(taken):
            corner = "┬" if number == 0 else "┤"
            if number == len(taken) - 1:
                corner = "─" if number == 0 else "┴"
            edge = f"{_NODE_NAMES[source]:>{sources}} ── {operation + ' ':─<{operations + 1}}"
            ends = number == len(taken) - 1
            lines.append(f"  {edge}─{corner}{f'─▶ {_NODE_NAMES[target]}' if ends else ''}")
        if not taken:
            lines.append(
                f"  {'nothing':>{sources}} {'─' * (operations + 6)}▶ {_NODE_NAMES[target]}"
            )
    lines += [
        "",
        f"network: stem, three stages of {architecture.cells} x cell with residual blocks of "
        f"stride 2 between,\nclassifier; {architecture.filters} filters in the first stage",
    ]
    return "\n".join(lines)
