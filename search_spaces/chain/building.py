"""From a chain architecture to its network; the only place where the two meet."""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.chain.architecture import ChainArchitecture
from search_spaces.chain.network import ChainLayer, ChainNetwork


def build_chain(
    architecture: ChainArchitecture, input_shape: InputShape, num_classes: int
) -> ChainNetwork:
    """Build the network of the canonical form: `(N, C, H, W)` in, `(N, num_classes)` out."""
    return ChainNetwork(
        plain_layers(architecture.canonical()),
        in_channels=input_shape[0],
        num_classes=num_classes,
        pool=architecture.head_pool,
    )


def plain_layers(architecture: ChainArchitecture) -> tuple[ChainLayer, ...]:
    """Write the layers as the plain tuples that `ChainNetwork` takes."""
    return tuple(
        ChainLayer(
            filter_height=layer.filter_height,
            filter_width=layer.filter_width,
            filters=layer.filters,
            stride_height=layer.stride_height,
            stride_width=layer.stride_width,
            pooled=layer.pool == "max",
            inputs=layer.inputs,
        )
        for layer in architecture.layers
    )
