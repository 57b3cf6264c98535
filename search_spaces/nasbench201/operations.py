"""The edges of a NAS-Bench-201 cell and what each may do (Dong & Yang 2020, section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""Edges `(from, to)` in the order in which the benchmark's tables list their operations."""

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "none": "no connection: adds nothing",
        "skip_connect": "the input itself",
        "nor_conv_1x1": "ReLU, 1x1 convolution, batch norm",
        "nor_conv_3x3": "ReLU, 3x3 convolution, batch norm",
        "avg_pool_3x3": "3x3 average pooling",
    }
)
"""Operations with a line on each, in the order in which the paper lists them."""

WITH_WEIGHTS = frozenset({"nor_conv_1x1", "nor_conv_3x3"})
"""Operations that two edges never carry out alike, as each edge has weights of its own."""


def edge_name(edge: tuple[int, int]) -> str:
    """Return the name of an edge's decision, which is its column in the benchmark's tables."""
    return f"edge_{edge[0]}_{edge[1]}"
