"""Writing a chain network as one Python file that needs torch alone."""

from __future__ import annotations

import textwrap

from search_spaces.base import InputShape
from search_spaces.bundling import bundle
from search_spaces.chain.architecture import ChainArchitecture
from search_spaces.chain.building import plain_layers
from search_spaces.chain.drawing import draw_chain
from search_spaces.chain.network import ChainLayer, ChainNetwork
from search_spaces.standalone import write_module


def write_chain(architecture: ChainArchitecture, input_shape: InputShape, num_classes: int) -> str:
    """Write the module; its `build()` returns what `build_chain` makes."""
    canonical = architecture.canonical()
    rows = "\n".join(_row(layer) for layer in plain_layers(canonical))
    columns = ", ".join(name for name in ChainLayer._fields if name != "inputs")
    constants = f"LAYERS = (\n    # {columns}, inputs\n{rows}\n)"
    pool = "" if canonical.head_pool == "average" else f", pool={canonical.head_pool!r}"
    network = (
        f"network = ChainNetwork(LAYERS, in_channels={input_shape[0]}, num_classes={num_classes}"
        f"{pool})"
    )
    return write_module(
        bundle([ChainLayer, ChainNetwork]),
        drawing=draw_chain(canonical),
        content_hash=canonical.content_hash,
        constants=constants,
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
        resolution=canonical.resolution,
    )


def _row(layer: ChainLayer) -> str:
    row = f"    ChainLayer({', '.join(map(repr, layer))}),"
    return textwrap.fill(row, 100, subsequent_indent=" " * 8)
