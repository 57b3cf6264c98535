"""The chain space: filters and strides per layer, and a skip decision per pair of layers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from search_spaces.base import InputShape, SearchSpace, SpaceOptions
from search_spaces.chain.architecture import (
    ChainArchitecture,
    Filters,
    FilterSize,
    HeadPool,
    Layer,
    Pool,
    Stride,
)
from search_spaces.chain.drawing import draw_chain, layer_text
from search_spaces.chain.scaling import scale
from search_spaces.decisions import Choice, Choices, Decision, check_choices
from search_spaces.errors import InvalidDecisionsError
from search_spaces.graph import Graph, Node

if TYPE_CHECKING:
    from torch import nn

MAX_SEARCHED_LAYERS = 40
_IMAGE, _CLASSIFIER = "image", "classifier"
_HEAD_POOL = "head.pool"


class ChainOptions(SpaceOptions):
    """What each layer chooses from; by default what section 4.1 lists, without strides."""

    layers: int = Field(6, ge=1, le=MAX_SEARCHED_LAYERS, description="number of layers")
    filter_heights: tuple[FilterSize, ...] = Field((1, 3, 5, 7), min_length=1)
    filter_widths: tuple[FilterSize, ...] = Field((1, 3, 5, 7), min_length=1)
    filters: tuple[Filters, ...] = Field((24, 36, 48, 64), min_length=1)
    strides: tuple[Stride, ...] = Field(
        (1,), min_length=1, description="strides to choose from, for height and width each"
    )
    pools: tuple[Pool, ...] = Field(
        ("none",), min_length=1, description="what may follow a layer: none, or 3x3 max pooling"
    )
    head_pools: tuple[HeadPool, ...] = Field(
        ("average",),
        min_length=1,
        description="how the head pools; max answers the same wherever a thing stands, for sounds",
    )

    @field_validator("filter_heights", "filter_widths", "filters", "strides", "pools", "head_pools")
    @classmethod
    def _no_choice_twice(cls, values: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if len(set(values)) < len(values):
            raise ValueError(f"got {list(values)}, allowed: each choice once")
        return values

    def choices(self, field: str) -> tuple[Choice, ...]:
        """Return the choices for a layer's field."""
        return {
            "filter_height": self.filter_heights,
            "filter_width": self.filter_widths,
            "stride_height": self.strides,
            "stride_width": self.strides,
            "filters": self.filters,
            "pool": self.pools,
        }[field]


_FIELDS = ("filter_height", "filter_width", "stride_height", "stride_width", "filters", "pool")
"""A layer's fields in the order in which figure 3 asks for them."""


class ChainSpace(SearchSpace[ChainArchitecture, ChainOptions]):
    """The space of Zoph & Le (2017), sections 3.1, 3.3 and 4.1.

    What has a single choice is not asked. The paper offers pooling as a layer type of its own;
    here it is the end of a convolutional layer.
    """

    name = "chain"
    summary = "a chain of convolutions with skip connections between any two (NAS with RL)"
    architecture_type: ClassVar[type[ChainArchitecture]] = ChainArchitecture
    options_type: ClassVar[type[ChainOptions]] = ChainOptions

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """For each layer its fields, then which earlier layers it takes; at last the head."""
        layers = tuple(
            decision
            for layer in range(self.options.layers)
            for decision in (
                *(
                    Decision(_field(layer, field), self.options.choices(field), part=_part(layer))
                    for field in self._asked
                ),
                *(
                    Decision(
                        _skip(layer, earlier),
                        (0, 1),
                        part=_part(layer),
                        sources=(None, _part(earlier)),
                    )
                    for earlier in range(layer)
                ),
            )
        )
        pools = self.options.head_pools
        return (*layers, Decision(_HEAD_POOL, pools)) if len(pools) > 1 else layers

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        return tuple(field for field in _FIELDS if len(self.options.choices(field)) > 1)

    def architecture(self, chosen: Choices) -> ChainArchitecture:
        """Turn answers into a chain; raises `InvalidDecisionsError`."""
        check_choices(self.decisions, chosen)
        return ChainArchitecture.model_validate(
            {
                "layers": [
                    {
                        **{field: self.options.choices(field)[0] for field in _FIELDS},
                        **{field: chosen[_field(layer, field)] for field in self._asked},
                        "inputs": [
                            earlier for earlier in range(layer) if chosen[_skip(layer, earlier)]
                        ],
                    }
                    for layer in range(self.options.layers)
                ],
                "head_pool": chosen.get(_HEAD_POOL, self.options.head_pools[0]),
            }
        )

    def choices(self, architecture: ChainArchitecture) -> dict[str, Choice]:
        """Read an architecture's answers; raises `InvalidDecisionsError` if it lies outside."""
        if len(architecture.layers) != self.options.layers:
            raise InvalidDecisionsError(
                f"architecture has {len(architecture.layers)} layers, "
                f"the space {self.options.layers}"
            )
        chosen: dict[str, Choice] = {}
        for number, layer in enumerate(architecture.layers):
            for field in _FIELDS:
                value, allowed = getattr(layer, field), self.options.choices(field)
                if value not in allowed:
                    raise InvalidDecisionsError(
                        f"architecture has {_field(number, field)}={value!r}, "
                        f"the space allows: {', '.join(map(str, allowed))}"
                    )
                if field in self._asked:
                    chosen[_field(number, field)] = value
            for earlier in range(number):
                chosen[_skip(number, earlier)] = int(earlier in layer.inputs)
        if architecture.head_pool not in self.options.head_pools:
            raise InvalidDecisionsError(
                f"architecture has head_pool={architecture.head_pool!r}, "
                f"the space allows: {', '.join(self.options.head_pools)}"
            )
        if len(self.options.head_pools) > 1:
            chosen[_HEAD_POOL] = architecture.head_pool
        return chosen

    @cached_property
    def node_kinds(self) -> tuple[str, ...]:
        """The image, the classifier, and every layer the options allow."""
        every = product(*(self.options.choices(field) for field in _FIELDS))
        layers = (Layer.model_validate(dict(zip(_FIELDS, one, strict=True))) for one in every)
        return (_IMAGE, _CLASSIFIER, *map(layer_text, layers))

    @property
    def max_nodes(self) -> int:
        """The layers, the image and the classifier."""
        return self.options.layers + 2

    @staticmethod
    def graphs(architecture: ChainArchitecture) -> tuple[Graph, ...]:
        """Return the network, a node per layer."""
        return (_graph(architecture),)

    @staticmethod
    def scale(
        architecture: ChainArchitecture, *, width: float, depth: float, divisor: int
    ) -> ChainArchitecture:
        """Make an architecture wider and deeper; raises `ValidationError` beyond what may be."""
        return scale(architecture, width=width, depth=depth, divisor=divisor)

    @staticmethod
    def build(
        architecture: ChainArchitecture, input_shape: InputShape, num_classes: int
    ) -> nn.Module:
        """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        from search_spaces.chain.building import build_chain

        return build_chain(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(
        architecture: ChainArchitecture, input_shape: InputShape, num_classes: int
    ) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        from search_spaces.chain.standalone import write_chain

        return write_chain(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: ChainArchitecture) -> str:
        """Draw the layers in order, with the layers that each takes, as plain text."""
        return draw_chain(architecture)


def _part(layer: int) -> str:
    return f"layer{layer}"


def _field(layer: int, field: str) -> str:
    return f"{_part(layer)}.{field}"


def _skip(layer: int, earlier: int) -> str:
    return f"{_part(layer)}.skip{earlier}"


def _graph(architecture: ChainArchitecture) -> Graph:
    texts = [layer_text(layer) for layer in architecture.layers]
    nodes = [_IMAGE, *texts, _CLASSIFIER]
    edges = [
        (source, number)
        for number, layer in enumerate(architecture.layers, 1)
        for source in _nodes(layer.inputs) or [0]
    ]
    edges += [(source, len(nodes) - 1) for source in _nodes(architecture.unused_layers)]
    return Graph("network", tuple(Node(text, text) for text in nodes), tuple(edges))


def _nodes(layers: Iterable[int]) -> list[int]:
    """Return the layers' nodes; node 0 is the image."""
    return [layer + 1 for layer in layers]
