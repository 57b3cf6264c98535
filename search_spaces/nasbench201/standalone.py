"""Writing a NAS-Bench-201 network as one Python file that needs torch alone."""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.bundling import bundle
from search_spaces.nasbench201.architecture import NasBench201Architecture
from search_spaces.nasbench201.building import live_edges
from search_spaces.nasbench201.drawing import draw_cell
from search_spaces.nasbench201.network import NasBench201Network
from search_spaces.standalone import write_module


def write_benchmark_network(
    architecture: NasBench201Architecture, input_shape: InputShape, num_classes: int
) -> str:
    """Write the module; its `build()` returns what `build_benchmark_network` makes."""
    canonical = architecture.canonical()
    edges = "".join(f'    ({a}, {b}, "{name}"),\n' for a, b, name in live_edges(canonical))
    constants = f"EDGES: Edges = (\n{edges})" if edges else "EDGES: Edges = ()"
    network = f"""network = NasBench201Network(
    EDGES,
    in_channels={input_shape[0]},
    num_classes={num_classes},
    cells={canonical.cells},
    filters={canonical.filters},
)"""
    return write_module(
        bundle([NasBench201Network]),
        drawing=draw_cell(canonical),
        content_hash=canonical.content_hash,
        constants=constants,
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
        resolution=canonical.resolution,
    )
