"""The space of stages: every stage chooses its block family and the variables of that family.

Tan, Chen, Pang, Vasudevan, Sandler, Howard, Le: MnasNet: Platform-Aware Neural Architecture
Search for Mobile, CVPR 2019, section 4.1, https://arxiv.org/abs/1807.11626
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from search_spaces.base import InputShape, SearchSpace
from search_spaces.decisions import Choice, Choices, Decision, check_choices
from search_spaces.graph import Graph, Node
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.drawing import draw_stages, picture_stages
from search_spaces.stages.families import FAMILIES
from search_spaces.stages.options import StagesOptions
from search_spaces.stages.questions import architecture_of, choices_of, stages_decisions
from search_spaces.stages.scaling import scale

if TYPE_CHECKING:
    from torch import nn


class StagesSpace(SearchSpace[StagesArchitecture, StagesOptions]):
    """A stem, a chain of stages and a head; the classic networks are points of it."""

    name = "stages"
    summary = "a chain of stages, each with a block family, width, depth and stride (MnasNet)"
    architecture_type: ClassVar[type[StagesArchitecture]] = StagesArchitecture
    options_type: ClassVar[type[StagesOptions]] = StagesOptions

    @classmethod
    def suggested_options(cls, input_shape: InputShape) -> StagesOptions:
        """Return options whose networks suit images of this size."""
        return StagesOptions.suggested(input_shape)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Stem, number of stages, each stage's family and its variables, head."""
        return stages_decisions(self.options)

    def architecture(self, chosen: Choices) -> StagesArchitecture:
        """Turn answers into an architecture; raises `InvalidDecisionsError`."""
        check_choices(self.decisions, chosen)
        return architecture_of(chosen, self.options)

    def choices(self, architecture: StagesArchitecture) -> dict[str, Choice]:
        """Read an architecture's answers; raises `InvalidDecisionsError` if it lies outside."""
        chosen = choices_of(architecture, self.options)
        check_choices(self.decisions, chosen)
        return chosen

    @property
    def node_kinds(self) -> tuple[str, ...]:
        """The stem, the block families, pooling and the head."""
        return ("stem", *FAMILIES, "pool", "head")

    @property
    def max_nodes(self) -> int:
        """Stem and head, and for each stage its blocks and its pooling."""
        return 2 + 2 * self.options.max_stages

    @staticmethod
    def graphs(architecture: StagesArchitecture) -> tuple[Graph, ...]:
        """Return the chain of stages, with an edge around those that have shortcuts."""
        nodes = [Node("stem", "stem")]
        edges: list[tuple[int, int]] = []
        ends = [0]
        for stage in architecture.stages:
            edges += [(end, len(nodes)) for end in ends]
            ends = [*ends, len(nodes)] if stage.block.is_residual else [len(nodes)]
            nodes.append(Node(stage.block.family, f"{stage.depth} x {stage.block.family}"))
            if stage.pool is not None:
                edges += [(end, len(nodes)) for end in ends]
                ends = [len(nodes)]
                nodes.append(Node("pool", f"{stage.pool.kind} pool"))
        edges += [(end, len(nodes)) for end in ends]
        nodes.append(Node("head", "head"))
        return (Graph("stages", tuple(nodes), tuple(edges)),)

    @classmethod
    def pictures(cls, architecture: StagesArchitecture) -> tuple[Graph, ...]:
        """Return the network as a chain, its shortcuts beside the blocks that they lead around."""
        return (picture_stages(architecture),)

    @staticmethod
    def scale(
        architecture: StagesArchitecture, *, width: float, depth: float, divisor: int
    ) -> StagesArchitecture:
        """Make an architecture wider and deeper; raises `ValidationError` beyond what may be."""
        return scale(architecture, width=width, depth=depth, divisor=divisor)

    @staticmethod
    def build(
        architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
    ) -> nn.Module:
        """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        from search_spaces.stages.building import build_stages

        return build_stages(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(
        architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
    ) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        from search_spaces.stages.standalone import write_stages

        return write_stages(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: StagesArchitecture) -> str:
        """Draw stem, stages and head as plain text."""
        return draw_stages(architecture)
