"""A small search space: stages of Ghost bottlenecks, each with a depth and an expansion."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from search_spaces import (
    Architecture,
    Choice,
    Choices,
    Decision,
    InputShape,
    InvalidDecisionsError,
    SearchSpace,
    SpaceOptions,
    check_choices,
)
from search_spaces.graph import Graph, Node

if TYPE_CHECKING:
    from torch import nn

MAX_STAGES = 5

Filters = Annotated[int, Field(ge=2, le=256)]
Ratio = Annotated[int, Field(ge=2, le=4)]
Depth = Annotated[int, Field(ge=1, le=8)]
Expansion = Annotated[int, Field(ge=1, le=6)]


class GhostStage(BaseModel):
    """`depth` Ghost bottlenecks that are `expansion` times as wide inside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    depth: Depth
    expansion: Expansion


class GhostNetArchitecture(Architecture):
    """Stages in order; `ratio` of every Ghost module is the paper's s."""

    space: Literal["ghostnet"] = "ghostnet"
    filters: Filters
    ratio: Ratio
    stages: tuple[GhostStage, ...] = Field(min_length=1, max_length=MAX_STAGES)


class GhostNetOptions(SpaceOptions):
    """What is fixed before the search, and what the decisions choose from."""

    stages: int = Field(3, ge=1, le=MAX_STAGES)
    filters: Filters = 16
    ratios: tuple[Ratio, ...] = Field((2, 3, 4), min_length=1)
    depths: tuple[Depth, ...] = Field((1, 2, 3), min_length=1)
    expansions: tuple[Expansion, ...] = Field((1, 2, 3, 6), min_length=1)


class GhostNetSpace(SearchSpace[GhostNetArchitecture, GhostNetOptions]):
    """Ghost bottlenecks (Han et al. 2020, section 3.2) in stages that halve height and width."""

    name = "ghostnet"
    summary = "stages of Ghost bottlenecks, each with a depth and an expansion (GhostNet)"
    architecture_type: ClassVar[type[GhostNetArchitecture]] = GhostNetArchitecture
    options_type: ClassVar[type[GhostNetOptions]] = GhostNetOptions

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """The ratio, then each stage's depth and expansion."""
        decisions = [Decision("ratio", self.options.ratios)]
        for stage in range(self.options.stages):
            decisions.append(Decision(f"stage{stage}.depth", self.options.depths))
            decisions.append(Decision(f"stage{stage}.expansion", self.options.expansions))
        return tuple(decisions)

    def architecture(self, chosen: Choices) -> GhostNetArchitecture:
        """Turn answers into an architecture; raises `InvalidDecisionsError`."""
        check_choices(self.decisions, chosen)
        stages = [
            {name: chosen[f"stage{stage}.{name}"] for name in ("depth", "expansion")}
            for stage in range(self.options.stages)
        ]
        return GhostNetArchitecture.model_validate(
            {"filters": self.options.filters, "ratio": chosen["ratio"], "stages": stages}
        )

    def choices(self, architecture: GhostNetArchitecture) -> dict[str, Choice]:
        """Read an architecture's answers; raises `InvalidDecisionsError` if it lies outside."""
        if architecture.filters != self.options.filters:
            raise InvalidDecisionsError(
                f"architecture has filters={architecture.filters}, "
                f"the space filters={self.options.filters}"
            )
        chosen: dict[str, Choice] = {"ratio": architecture.ratio}
        for number, stage in enumerate(architecture.stages):
            chosen[f"stage{number}.depth"] = stage.depth
            chosen[f"stage{number}.expansion"] = stage.expansion
        check_choices(self.decisions, chosen)
        return chosen

    @property
    def node_kinds(self) -> tuple[str, ...]:
        """Stem, bottlenecks by expansion, and classifier."""
        return ("stem", *(f"ghost x{each}" for each in self.options.expansions), "classifier")

    @property
    def max_nodes(self) -> int:
        """Stem, classifier, and every bottleneck of the deepest network."""
        return 2 + self.options.stages * max(self.options.depths)

    @staticmethod
    def graphs(architecture: GhostNetArchitecture) -> tuple[Graph, ...]:
        """Return the network as one chain."""
        kinds = [f"ghost x{s.expansion}" for s in architecture.stages for _ in range(s.depth)]
        nodes = tuple(Node(kind, kind) for kind in ("stem", *kinds, "classifier"))
        edges = tuple((number, number + 1) for number in range(len(nodes) - 1))
        return (Graph("network", nodes, edges),)

    @staticmethod
    def build(
        architecture: GhostNetArchitecture, input_shape: InputShape, num_classes: int
    ) -> nn.Module:
        """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        from nas_ghost_blocks.building import build_network  # needs torch

        return build_network(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(
        architecture: GhostNetArchitecture, input_shape: InputShape, num_classes: int
    ) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        from nas_ghost_blocks.building import write_network  # needs torch

        return write_network(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: GhostNetArchitecture) -> str:
        """Draw the stages in order, as plain text."""
        return draw_stages(architecture)


def draw_stages(architecture: GhostNetArchitecture) -> str:
    """Draw the stages in order, a line for each."""
    lines = [f"stem: conv 3x3 -> {architecture.filters}"]
    for number, stage in enumerate(architecture.stages):
        stride = ", stride 2" if number else ""
        lines.append(
            f"stage {number}: {stage.depth} x ghost bottleneck x{stage.expansion} "
            f"-> {architecture.filters * 2**number}{stride}"
        )
    return "\n".join([*lines, f"classifier; every Ghost module has ratio {architecture.ratio}"])
