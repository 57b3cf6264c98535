"""The cell space: two inputs and two operations per block, for a normal and a reduction cell."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from search_spaces.base import InputShape, SearchSpace, SpaceOptions
from search_spaces.cell.architecture import (
    MAX_BLOCKS,
    Block,
    Cell,
    CellArchitecture,
    Concatenation,
    OperationName,
    checked_concatenation,
    checked_layout,
)
from search_spaces.cell.drawing import draw_cells
from search_spaces.cell.layout import MAX_FILTERS, MAX_REPEATS, Layout
from search_spaces.cell.operations import DEFAULT_OPERATIONS, NONE
from search_spaces.cell.pruning import INPUTS
from search_spaces.cell.scaling import scale
from search_spaces.decisions import Choice, Choices, Decision, check_choices
from search_spaces.errors import InvalidDecisionsError
from search_spaces.graph import Graph, Node

if TYPE_CHECKING:
    from torch import nn

_KINDS = ("normal", "reduction")
_SLOTS = (0, 1)
_FIXED_KINDS = ("before last", "last", "add", "concatenate")


class CellOptions(SpaceOptions):
    """Size of the cells and of the network they are stacked into."""

    blocks: int = Field(4, ge=1, le=MAX_BLOCKS, description="blocks per cell (B)")
    repeats: int = Field(1, ge=1, le=MAX_REPEATS, description="normal cells per stack (N)")
    filters: int = Field(16, ge=1, le=MAX_FILTERS, description="channels of the first stack (F)")
    operations: tuple[OperationName, ...] = Field(
        DEFAULT_OPERATIONS, min_length=1, description="operations to choose from"
    )
    normal_concatenate: Concatenation = Field(
        "unused", description="states that a normal cell puts out"
    )
    reduction_concatenate: Concatenation = Field(
        "unused", description="states that a reduction cell puts out"
    )
    layout: Layout = Field(Layout(), description="how the cells are stacked")

    @field_validator("normal_concatenate", "reduction_concatenate")
    @classmethod
    def _outputs_exist(cls, value: Concatenation, info: ValidationInfo) -> Concatenation:
        return checked_concatenation(value, info.data.get("blocks", 0))

    @field_validator("layout")
    @classmethod
    def _stem_has_enough_filters(cls, value: Layout, info: ValidationInfo) -> Layout:
        return checked_layout(value, info.data.get("filters"))


class CellSpace(SearchSpace[CellArchitecture, CellOptions]):
    """NASNet's search space with the blocks of the case studies among its operations.

    Zoph et al. (2018), section 3: per block, choose two of the states so far and an operation
    for each; the two results are added.
    """

    name = "cell"
    summary = (
        "normal and reduction cells of blocks with two inputs and two operations (NASNet, ENAS)"
    )
    architecture_type: ClassVar[type[CellArchitecture]] = CellArchitecture
    options_type: ClassVar[type[CellOptions]] = CellOptions

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Inputs and operations of each block: first of the normal, then of the reduction cell."""
        return tuple(
            decision
            for kind in _KINDS
            for block in range(self.options.blocks)
            for slot in _SLOTS
            for decision in (
                Decision(
                    _input(kind, block, slot),
                    tuple(range(INPUTS + block)),
                    part=_block(kind, block),
                    sources=tuple(_state(kind, state) for state in range(INPUTS + block)),
                ),
                Decision(
                    _operation(kind, block, slot), self.options.operations, part=_block(kind, block)
                ),
            )
        )

    def architecture(self, chosen: Choices) -> CellArchitecture:
        """Turn answers into a cell architecture; raises `InvalidDecisionsError`."""
        check_choices(self.decisions, chosen)
        concatenated = (self.options.normal_concatenate, self.options.reduction_concatenate)
        normal, reduction = (
            Cell(
                concatenate=concatenate,
                blocks=tuple(
                    Block.model_validate(
                        {
                            "inputs": [chosen[_input(kind, block, slot)] for slot in _SLOTS],
                            "operations": [
                                chosen[_operation(kind, block, slot)] for slot in _SLOTS
                            ],
                        }
                    )
                    for block in range(self.options.blocks)
                ),
            )
            for kind, concatenate in zip(_KINDS, concatenated, strict=True)
        )
        return CellArchitecture(
            normal=normal,
            reduction=reduction,
            repeats=self.options.repeats,
            filters=self.options.filters,
            layout=self.options.layout,
        )

    def choices(self, architecture: CellArchitecture) -> dict[str, Choice]:
        """Read an architecture's answers; raises `InvalidDecisionsError` if it lies outside."""
        chosen: dict[str, Choice] = {}
        for kind, cell in zip(_KINDS, (architecture.normal, architecture.reduction), strict=True):
            for number, block in enumerate(cell.blocks):
                for slot in _SLOTS:
                    chosen[_input(kind, number, slot)] = block.inputs[slot]
                    chosen[_operation(kind, number, slot)] = block.operations[slot]
        check_choices(self.decisions, chosen)
        for option, value in (
            ("repeats", architecture.repeats),
            ("filters", architecture.filters),
            ("normal_concatenate", architecture.normal.concatenate),
            ("reduction_concatenate", architecture.reduction.concatenate),
            ("layout", architecture.layout),
        ):
            if value != getattr(self.options, option):
                raise InvalidDecisionsError(
                    f"architecture has {option}={value}, "
                    f"the space {option}={getattr(self.options, option)}"
                )
        return chosen

    @property
    def node_kinds(self) -> tuple[str, ...]:
        """The cell's inputs, sums and output, and the operations."""
        named = dict.fromkeys((*DEFAULT_OPERATIONS, *self.options.operations))
        return (*_FIXED_KINDS, *(name for name in named if name != NONE))

    @property
    def max_nodes(self) -> int:
        """Two inputs, two operations and a sum per block, and the output."""
        return INPUTS + 3 * self.options.blocks + 1

    @staticmethod
    def graphs(architecture: CellArchitecture) -> tuple[Graph, ...]:
        """Return the normal and the reduction cell, operations as nodes."""
        return tuple(
            _graph(kind, cell)
            for kind, cell in zip(
                _KINDS, (architecture.normal, architecture.reduction), strict=True
            )
        )

    @staticmethod
    def scale(
        architecture: CellArchitecture, *, width: float, depth: float, divisor: int
    ) -> CellArchitecture:
        """Make an architecture wider and deeper; raises `ValidationError` beyond what may be."""
        return scale(architecture, width=width, depth=depth, divisor=divisor)

    @staticmethod
    def build(
        architecture: CellArchitecture, input_shape: InputShape, num_classes: int
    ) -> nn.Module:
        """Build the stacked network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
        from search_spaces.cell.building import build_cells

        return build_cells(architecture, input_shape, num_classes)

    @staticmethod
    def standalone_source(
        architecture: CellArchitecture, input_shape: InputShape, num_classes: int
    ) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""
        from search_spaces.cell.standalone import write_cells

        return write_cells(architecture, input_shape, num_classes)

    @staticmethod
    def draw(architecture: CellArchitecture) -> str:
        """Draw both cells, their blocks in order, as plain text."""
        return draw_cells(architecture)


def _block(kind: str, block: int) -> str:
    return f"{kind}.block{block}"


def _state(kind: str, state: int) -> str:
    """Name the part that puts out a state: one of the cell's inputs, or a block."""
    if state < INPUTS:
        return f"{kind}.{_FIXED_KINDS[state]}"
    return _block(kind, state - INPUTS)


def _input(kind: str, block: int, slot: int) -> str:
    return f"{_block(kind, block)}.input{slot}"


def _operation(kind: str, block: int, slot: int) -> str:
    return f"{_block(kind, block)}.operation{slot}"


def _graph(kind: str, cell: Cell) -> Graph:
    cell = cell.pruned()
    nodes = [Node(name, name) for name in _FIXED_KINDS[:INPUTS]]
    edges: list[tuple[int, int]] = []
    states = list(range(INPUTS))
    for block in filter(None, cell.edges):
        terms = []
        for state, operation in block:
            edges.append((states[state], len(nodes)))
            terms.append(len(nodes))
            nodes.append(Node(operation, operation.replace("_", " ")))
        edges += [(term, len(nodes)) for term in terms]
        states.append(len(nodes))
        nodes.append(Node("add", "add"))
    edges += [(states[state], len(nodes)) for state in cell.output_states]
    nodes.append(Node("concatenate", "concatenate"))
    return Graph(kind, tuple(nodes), tuple(edges))
