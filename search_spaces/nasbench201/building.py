"""From a NAS-Bench-201 architecture to its network; the only place where the two meet."""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.nasbench201.architecture import NasBench201Architecture
from search_spaces.nasbench201.network import Edges, NasBench201Network
from search_spaces.nasbench201.operations import EDGES


def build_benchmark_network(
    architecture: NasBench201Architecture, input_shape: InputShape, num_classes: int
) -> NasBench201Network:
    """Build the network of the canonical cell: `(N, C, H, W)` in, `(N, num_classes)` out.

    So edges that do nothing have no weights here. The published networks have theirs, and
    their published parameter counts include them.
    """
    return NasBench201Network(
        live_edges(architecture.canonical()),
        in_channels=input_shape[0],
        num_classes=num_classes,
        cells=architecture.cells,
        filters=architecture.filters,
    )


def live_edges(architecture: NasBench201Architecture) -> Edges:
    """Write a cell as the plain tuples that `NasBench201Network` takes, without `none`."""
    return tuple(
        (source, target, operation)
        for (source, target), operation in zip(EDGES, architecture.operations, strict=True)
        if operation != "none"
    )
