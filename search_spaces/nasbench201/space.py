"""The NAS-Bench-201 space: one operation for each of a cell's six edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from search_spaces.base import InputShape, SearchSpace, SpaceOptions
from search_spaces.decisions import Choice, Choices, Decision, check_choices
from search_spaces.encoding import Encoding, Vector
from search_spaces.errors import InvalidDecisionsError
from search_spaces.graph import Graph, Node
from search_spaces.nasbench201.architecture import (
    MAX_CELLS,
    MAX_FILTERS,
    NasBench201Architecture,
    OperationName,
)
from search_spaces.nasbench201.drawing import draw_cell
from search_spaces.nasbench201.operations import EDGES, OPERATIONS, edge_name
from search_spaces.nasbench201.paths import cell_paths
from search_spaces.nasbench201.scaling import scale

if TYPE_CHECKING:
    from torch import nn

_INPUT, _ZERO, _SUM, _OUTPUT = "input", "zero", "add", "output"
_DECISIONS = tuple(Decision(edge_name(edge), tuple(OPERATIONS)) for edge in EDGES)


class NasBench201Options(SpaceOptions):
    """Size of the network that cells are stacked into; by default the paper's."""

    cells: int = Field(5, ge=1, le=MAX_CELLS, description="cells per stage (N)")
    filters: int = Field(16, ge=1, le=MAX_FILTERS, description="channels of the first stage (C)")


class NasBench201Space(SearchSpace[NasBench201Architecture, NasBench201Options]):
    """The space of Dong & Yang (2020), section 2.1, with 15,625 cells.

    Decisions are named as the columns of the benchmark's tables, so that an architecture's
    answers are a row's key.
    """

    name = "nasbench201"
    summary = "cells of four nodes and six edges, each with one of five operations (NAS-Bench-201)"
    architecture_type: ClassVar[type[NasBench201Architecture]] = NasBench201Architecture
    options_type: ClassVar[type[NasBench201Options]] = NasBench201Options

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The operation of each edge."""
        return _DECISIONS

    def architecture(self, chosen: Choices) -> NasBench201Architecture:
        """Turn answers into an architecture; raises `InvalidDecisionsError`."""
        check_choices(_DECISIONS, chosen)
        # The answers and the options are checked: checking them again would double the time.
        return NasBench201Architecture.model_construct(
            operations=cast("tuple[OperationName, ...]", tuple(chosen[d.name] for d in _DECISIONS)),
            cells=self.options.cells,
            filters=self.options.filters,
        )

    def choices(self, architecture: NasBench201Architecture) -> dict[str, Choice]:
        """Read an architecture's answers; raises `InvalidDecisionsError` if it lies outside."""
        for option in ("cells", "filters"):
            if getattr(architecture, option) != getattr(self.options, option):
                raise InvalidDecisionsError(
                    f"architecture has {option}={getattr(architecture, option)}, "
                    f"the space {option}={getattr(self.options, option)}"
                )
        return {
            decision.name: operation
            for decision, operation in zip(_DECISIONS, architecture.operations, strict=True)
        }

    def encode(self, architecture: NasBench201Architecture, encoding: Encoding) -> Vector:
        """Write an architecture as a vector; its paths are enumerated, not hashed."""
        if encoding is Encoding.PATH:
            return cell_paths(architecture.canonical().operations)
        return super().encode(architecture, encoding)

    @property
    def node_kinds(self) -> tuple[str, ...]:
        """The cell's input, zero, sums and output, and the operations that do something."""
        return (_INPUT, _ZERO, _SUM, _OUTPUT, *(name for name in OPERATIONS if name != "none"))

    @property
    def max_nodes(self) -> int:
        """The cell's four nodes and an operation for each edge."""
        return 4 + len(EDGES)

    @staticmethod
    def graphs(architecture: NasBench201Architecture) -> tuple[Graph, ...]:
        """Return the cell, operations as nodes; nodes 1 and 2 are there where they are taken."""
        return (_graph(architecture),)

    @staticmethod
    def scale(
        architecture: NasBench201Architecture, *, width: float, depth: float, divisor: int
    ) -> NasBench201Architecture:
        """Make an architecture wider and deeper; raises `ValidationError` beyond what may be."""
        return scale(architecture, width=width, depth=depth, divisor=divisor)

    @staticmethod
    def build(
        architecture: NasBench201Architecture, input_shape: InputShape, num_classes: int
    ) -> nn.Module:
        """Build the stacked network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        from search_spaces.nasbench201.building import build_benchmark_network

        return build_benchmark_network(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(
        architecture: NasBench201Architecture, input_shape: InputShape, num_classes: int
    ) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        from search_spaces.nasbench201.standalone import write_benchmark_network

        return write_benchmark_network(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: NasBench201Architecture) -> str:
        """Draw the cell as plain text."""
        return draw_cell(architecture)


def _graph(architecture: NasBench201Architecture) -> Graph:
    edges_in = {
        target: [
            (source, operation)
            for (source, end), operation in zip(EDGES, architecture.operations, strict=True)
            if end == target and operation != "none"
        ]
        for target in (1, 2, 3)
    }
    taken = {source for terms in edges_in.values() for source, _ in terms}
    nodes = [Node(_INPUT, _INPUT)]
    edges: list[tuple[int, int]] = []
    states = {0: 0}
    for target, terms in edges_in.items():
        if target != 3 and not terms and target not in taken:
            continue
        operations = []
        for source, operation in terms:
            edges.append((states[source], len(nodes)))
            operations.append(len(nodes))
            nodes.append(Node(operation, operation.replace("_", " ")))
        edges += [(operation_node, len(nodes)) for operation_node in operations]
        states[target] = len(nodes)
        kind = _OUTPUT if target == 3 else _SUM if terms else _ZERO
        nodes.append(Node(kind, kind))
    return Graph("cell", tuple(nodes), tuple(edges))
