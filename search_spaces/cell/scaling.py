"""Scaled stacks of cells: more repeats N, more filters F, the cells as they are.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, section 4, scales found cells by N and F; both after Tan, Le: EfficientNet, ICML 2019.
"""

from __future__ import annotations

from search_spaces.blocks.rounding import DIVISOR, deepened, widened
from search_spaces.cell.architecture import CellArchitecture


def scale(
    architecture: CellArchitecture, *, width: float, depth: float, divisor: int = DIVISOR
) -> CellArchitecture:
    """Multiply the filters, a stem width of its own, and the normal cells of every stack.

    Raises:
        ValidationError: A scaled number is larger than an architecture may have.
    """
    data = architecture.model_dump()
    data["filters"] = widened(architecture.filters, width, divisor)
    data["repeats"] = deepened(architecture.repeats, depth)
    layout = architecture.layout.model_dump()
    if architecture.layout.stem_width is not None:
        layout["stem_width"] = widened(architecture.layout.stem_width, width, divisor)
    if architecture.layout.later_stacks is not None:
        stacks = architecture.layout.later_stacks
        layout["later_stacks"] = [deepened(repeats, depth) for repeats in stacks]
    return type(architecture).model_validate(data | {"layout": layout})
