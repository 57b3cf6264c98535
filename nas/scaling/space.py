"""The scaled versions of one architecture as a space, so that a search can train them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from nas.datasets import DatasetInfo
from nas.scaling.multipliers import parse_multipliers
from nas.scaling.network import BaseNetwork
from nas.scaling.request import Scaling
from search_spaces import (
    Architecture,
    Choice,
    Choices,
    Decision,
    InvalidDecisionsError,
    build,
    check_choices,
    create_space,
    draw,
    standalone_source,
)
from search_spaces.base import InputShape, SearchSpace, SpaceOptions
from search_spaces.graph import Graph
from search_spaces.registry import find_or_raise_space

if TYPE_CHECKING:
    from torch import nn

DECISION = "multipliers"


def unscaled_space(scaling: Scaling, dataset: DatasetInfo) -> ScalingSpace:
    """Return the space of a follow-up job's base network alone."""
    base = scaling.base(dataset.input_shape, dataset.num_classes)
    return ScalingSpace(base, [str(base.identity)])


class ScalingSpace(SearchSpace[Architecture, SpaceOptions]):
    """Asks one question: by which width, depth and resolution the base network is scaled.

    It belongs to one job, and so has no name in the registry; its architectures are of the
    space of what is scaled.
    """

    name = "scaling"
    summary = "scaled versions of one architecture"
    architecture_type: ClassVar[type[Architecture]] = Architecture
    options_type: ClassVar[type[SpaceOptions]] = SpaceOptions

    def __init__(self, base: BaseNetwork, multipliers: Iterable[str]) -> None:
        super().__init__(SpaceOptions())
        self._base = base
        self._decisions = (Decision(DECISION, tuple(dict.fromkeys(multipliers))),)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The multipliers, as `WIDTH,DEPTH,RESOLUTION`."""
        return self._decisions

    def architecture(self, chosen: Choices) -> Architecture:
        """Scale the base network; raises `InvalidDecisionsError`."""
        check_choices(self._decisions, chosen)
        return self._base.scaled(parse_multipliers(str(chosen[DECISION])))

    def choices(self, architecture: Architecture) -> dict[str, Choice]:
        """Find the multipliers of a scaled version; raises `InvalidDecisionsError`."""
        for answer in self._decisions[0].choices:
            if self._base.scaled(parse_multipliers(str(answer))) == architecture.canonical():
                return {DECISION: answer}
        raise InvalidDecisionsError(
            "architecture is none of the scaled versions: "
            f"{', '.join(map(str, self._decisions[0].choices))}"
        )

    @property
    def node_kinds(self) -> tuple[str, ...]:
        """Those of the base network's space."""
        return create_space(self._base.architecture.space).node_kinds

    @cached_property
    def max_nodes(self) -> int:
        """Nodes of the largest graph of a scaled version."""
        versions = (self.architecture({DECISION: each}) for each in self._decisions[0].choices)
        return max(len(graph.nodes) for each in versions for graph in self.graphs(each))

    @staticmethod
    def graphs(architecture: Any) -> tuple[Graph, ...]:
        """Return the graphs that the architecture's own space has of it."""
        return find_or_raise_space(architecture.space).graphs(architecture)

    @staticmethod
    def build(architecture: Any, input_shape: InputShape, num_classes: int) -> nn.Module:
        """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        return build(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(architecture: Any, input_shape: InputShape, num_classes: int) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        return standalone_source(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: Any) -> str:
        """Draw the architecture as plain text."""
        return draw(architecture)
