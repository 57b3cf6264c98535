"""NAS-Bench-201 cells as values.

Dong, Yang: NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search,
ICLR 2020, section 2.1 and figure 1, https://arxiv.org/abs/2001.00326
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from search_spaces.base import Architecture
from search_spaces.nasbench201.canonical import representative
from search_spaces.nasbench201.operations import EDGES

MAX_CELLS = 64
MAX_FILTERS = 4096

OperationName = Literal["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]


class NasBench201Architecture(Architecture):
    """One cell, stacked `cells` times in each of three stages.

    `operations` are those of the edges 0-1, 0-2, 1-2, 0-3, 1-3 and 2-3. Node 0 is the cell's
    input, every other node the sum of its edges, node 3 the output. The first stage has
    `filters` channels, each later one half the size and twice the channels of the one before.
    """

    space: Literal["nasbench201"] = "nasbench201"
    operations: tuple[OperationName, ...] = Field(
        min_length=len(EDGES),
        max_length=len(EDGES),
        description="operation of each edge: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3",
    )
    cells: Annotated[int, Field(ge=1, le=MAX_CELLS, description="cells per stage (N)")]
    filters: Annotated[
        int, Field(ge=1, le=MAX_FILTERS, description="channels of the first stage (C)")
    ]

    def canonical(self) -> Self:
        """Return the representative of all cells that compute the same."""
        simplest = representative(self.operations)
        if simplest == self.operations:
            return self
        return self.model_copy(update={"operations": simplest})
