"""From a value of the space to its network, and to a Python file of it that needs torch alone."""

from __future__ import annotations

from nas_ghost_blocks.network import GhostNetwork
from nas_ghost_blocks.space import GhostNetArchitecture, draw_stages
from search_spaces import InputShape
from search_spaces.bundling import bundle
from search_spaces.standalone import write_module


def build_network(
    architecture: GhostNetArchitecture, input_shape: InputShape, num_classes: int
) -> GhostNetwork:
    """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
    return GhostNetwork(
        _plain_stages(architecture),
        in_channels=input_shape[0],
        num_classes=num_classes,
        filters=architecture.filters,
        ratio=architecture.ratio,
    )


def write_network(
    architecture: GhostNetArchitecture, input_shape: InputShape, num_classes: int
) -> str:
    """Write the module; its `build()` returns what `build_network` makes."""
    network = f"""network = GhostNetwork(
    STAGES,
    in_channels={input_shape[0]},
    num_classes={num_classes},
    filters={architecture.filters},
    ratio={architecture.ratio},
)"""
    return write_module(
        bundle([GhostNetwork]),
        drawing=draw_stages(architecture),
        content_hash=architecture.content_hash,
        constants=f"STAGES: Stages = {_plain_stages(architecture)!r}",
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
        resolution=architecture.resolution,
    )


def _plain_stages(architecture: GhostNetArchitecture) -> tuple[tuple[int, int], ...]:
    return tuple((stage.depth, stage.expansion) for stage in architecture.stages)
