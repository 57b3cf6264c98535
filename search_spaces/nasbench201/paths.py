"""The path encoding of NAS-Bench-201 cells, with a feature for every path there is.

White, Neiswanger, Savani: BANANAS: Bayesian Optimization with Neural Architectures for Neural
Architecture Search, AAAI 2021, section 4, https://arxiv.org/abs/1910.11858
"""

from __future__ import annotations

import numpy as np

from search_spaces.encoding import Vector
from search_spaces.nasbench201.canonical import Operations
from search_spaces.nasbench201.operations import EDGES, OPERATIONS

_ROUTES = (((0, 3),), ((0, 1), (1, 3)), ((0, 2), (2, 3)), ((0, 1), (1, 2), (2, 3)))
"""The four ways from node 0 to node 3, as edges."""

PATH_COUNT = sum(len(OPERATIONS) ** length for length in (1, 2, 3))
"""5 + 25 + 125 sequences of operations that a path may have."""


def cell_paths(operations: Operations) -> Vector:
    """Mark the operation sequences along the cell's four paths, `none` included.

    Shape `(155,)`: sequences of one, two, then three operations, each group in the order of
    counting in base five.
    """
    digits = [list(OPERATIONS).index(operation) for operation in operations]
    vector = np.zeros(PATH_COUNT, np.float32)
    for route in _ROUTES:
        start = sum(len(OPERATIONS) ** length for length in range(1, len(route)))
        number = 0
        for edge in route:
            number = number * len(OPERATIONS) + digits[EDGES.index(edge)]
        vector[start + number] = 1
    return vector
