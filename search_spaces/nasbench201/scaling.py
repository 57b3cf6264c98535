"""Scaled stacks of NAS-Bench-201 cells: more cells per stage, more filters.

Tan, Le: EfficientNet, ICML 2019, section 3.3, on what Dong & Yang (2020) call N and C.
"""

from __future__ import annotations

from search_spaces.blocks.rounding import DIVISOR, deepened, widened
from search_spaces.nasbench201.architecture import NasBench201Architecture


def scale(
    architecture: NasBench201Architecture, *, width: float, depth: float, divisor: int = DIVISOR
) -> NasBench201Architecture:
    """Multiply the filters and the cells of each stage.

    Raises:
        ValidationError: A scaled number is larger than an architecture may have.
    """
    data = architecture.model_dump()
    data["filters"] = widened(architecture.filters, width, divisor)
    data["cells"] = deepened(architecture.cells, depth)
    return type(architecture).model_validate(data)
