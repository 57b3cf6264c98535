"""Chains of convolutions with skip connections as values.

Zoph, Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, sections 3.1 and
3.3, https://arxiv.org/abs/1611.01578
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from search_spaces.base import Architecture
from search_spaces.chain.canonical import canonical_order

MAX_LAYERS = 160
MAX_FILTER_SIZE = 15
MAX_FILTERS = 4096
MAX_STRIDE = 4


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"got {size}, allowed: odd sizes, which have a middle")
    return size


FilterSize = Annotated[int, Field(ge=1, le=MAX_FILTER_SIZE), AfterValidator(_odd)]
Filters = Annotated[int, Field(ge=1, le=MAX_FILTERS)]
Stride = Annotated[int, Field(ge=1, le=MAX_STRIDE)]
Pool = Literal["none", "max"]
HeadPool = Literal["average", "max"]


class Layer(BaseModel):
    """A convolution, batch norm and ReLU; then 3x3 max pooling at stride 2 where `pool` is max.

    It takes the outputs of the earlier layers `inputs`, concatenated in depth, and the image if
    there are none (section 3.3).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter_height: FilterSize
    filter_width: FilterSize
    filters: Filters
    stride_height: Stride = 1
    stride_width: Stride = 1
    pool: Pool = "none"
    inputs: tuple[Annotated[int, Field(ge=0, lt=MAX_LAYERS)], ...] = Field(
        (), max_length=MAX_LAYERS, description="earlier layers, in ascending order, from 0"
    )

    @field_validator("inputs")
    @classmethod
    def _inputs_ascend(cls, inputs: tuple[int, ...]) -> tuple[int, ...]:
        if list(inputs) != sorted(set(inputs)):
            raise ValueError(f"got {list(inputs)}, allowed: each layer once, in ascending order")
        return inputs


class ChainArchitecture(Architecture):
    """Layers in the order they are computed.

    What no layer takes is concatenated and classified (section 3.3).
    """

    space: Literal["chain"] = "chain"
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=MAX_LAYERS)
    head_pool: HeadPool = Field(
        "average",
        description="mean or largest of all positions, before the classifier",
        exclude_if=lambda kind: kind == "average",  # older values, and their hashes, are without
    )

    @field_validator("layers")
    @classmethod
    def _inputs_come_before(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        for position, layer in enumerate(layers):
            if layer.inputs and layer.inputs[-1] >= position:
                allowed = f"0 to {position - 1}" if position else "none, so that it takes the image"
                raise ValueError(
                    f"layer {position} takes layer {layer.inputs[-1]}, allowed: {allowed}"
                )
        return layers

    @property
    def unused_layers(self) -> tuple[int, ...]:
        """Layers that no layer takes; the classifier gets their concatenation."""
        used = {source for layer in self.layers for source in layer.inputs}
        return tuple(number for number in range(len(self.layers)) if number not in used)

    def canonical(self) -> Self:
        """Return the one representative of all orders in which the same layers can be written.

        Layers that do not depend on each other may come in any order: the channels of a
        concatenation are then exchanged, which exchanges weights and nothing else.
        """
        order = canonical_order(
            tuple(_kind(layer) for layer in self.layers),
            tuple(layer.inputs for layer in self.layers),
        )
        if order == tuple(range(len(self.layers))):
            return self
        place = {old: new for new, old in enumerate(order)}
        layers = tuple(
            self.layers[old].model_copy(
                update={"inputs": tuple(sorted(place[s] for s in self.layers[old].inputs))}
            )
            for old in order
        )
        return self.model_copy(update={"layers": layers})


def _kind(layer: Layer) -> tuple[int, ...]:
    """Describe what a layer does, apart from what it takes."""
    return (
        layer.filter_height,
        layer.filter_width,
        layer.filters,
        layer.stride_height,
        layer.stride_width,
        int(layer.pool == "max"),
    )
