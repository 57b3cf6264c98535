"""Cells as values.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, section 3, https://arxiv.org/abs/1707.07012
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from search_spaces.base import Architecture
from search_spaces.cell.canonical import canonical_blocks
from search_spaces.cell.layout import MAX_FILTERS, MAX_REPEATS, MIN_IMAGENET_FILTERS, Layout
from search_spaces.cell.operations import IDENTITY, NONE, STRIDED_IDENTITY
from search_spaces.cell.plugins import find_or_raise_operation
from search_spaces.cell.pruning import INPUTS, Blocks, loose_states, pruned

MAX_BLOCKS = 7


def _known_operation(name: str) -> str:
    return name if name == NONE else find_or_raise_operation(name).name


def _distinct(states: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(states)) < len(states):
        raise ValueError(f"got {states}, allowed: each state once")
    return states


OperationName = Annotated[str, AfterValidator(_known_operation)]
State = Annotated[int, Field(ge=0, lt=INPUTS + MAX_BLOCKS)]
States = Annotated[
    tuple[State, ...],
    Field(min_length=1, max_length=INPUTS + MAX_BLOCKS),
    AfterValidator(_distinct),
]
Concatenation = Annotated[
    Annotated[Literal["unused", "all"], Tag("name")] | Annotated[States, Tag("states")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "states"),
]
"""What a cell puts out: states that nothing takes, every block, or the states named."""


class Block(BaseModel):
    """Adds two operations, each applied to one earlier state of the cell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    operations: tuple[OperationName, OperationName]


class Cell(BaseModel):
    """A small directed graph; block `i` makes state `2 + i`, some states are concatenated.

    States 0 and 1 are the outputs of the cell before last and of the last cell. An operation
    `none` is no edge; blocks that then have none, or that reach no output, take no part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: tuple[Block, ...] = Field(min_length=1, max_length=MAX_BLOCKS)
    concatenate: Concatenation = Field("unused", exclude_if=lambda value: value == "unused")

    @model_validator(mode="after")
    def _states_exist(self) -> Self:
        for position, block in enumerate(self.blocks):
            states = INPUTS + position
            if max(block.inputs) >= states:
                raise ValueError(
                    f"block {position} takes state {max(block.inputs)}, allowed: 0 to {states - 1}"
                )
        return self

    @field_validator("concatenate")
    @classmethod
    def _outputs_exist(cls, value: Concatenation, info: ValidationInfo) -> Concatenation:
        return checked_concatenation(value, len(info.data.get("blocks", ())))

    @property
    def output_states(self) -> tuple[int, ...]:
        """States that the cell's output concatenates, once the cell is pruned."""
        if self.concatenate == "all":
            return tuple(range(INPUTS, INPUTS + len(self.blocks)))
        if self.concatenate == "unused":
            return loose_states(self.edges)
        return tuple(sorted(self.concatenate))

    @property
    def taken_states(self) -> frozenset[int]:
        """States that a block takes or the output concatenates."""
        return frozenset(source for block in self.edges for source, _ in block) | frozenset(
            self.output_states
        )

    @property
    def edges(self) -> Blocks:
        """Per block the states it takes, each with its operation; `none` is left out."""
        return tuple(
            tuple(
                (source, operation)
                for source, operation in zip(block.inputs, block.operations, strict=True)
                if operation != NONE
            )
            for block in self.blocks
        )

    def pruned(self) -> Cell:
        """Return the cell without edges of `none` and without the blocks that take no part."""
        return _cell(*pruned(self.edges, self._outputs))

    def canonical(self, *, strides: bool = True) -> Cell:
        """Return the one representative of all cells with the same graph.

        Where nothing strides, which in a cell that `strides` holds for all but its inputs, a
        strided identity is an identity.
        """
        edges = tuple(
            tuple((source, _identified(source, operation, strides)) for source, operation in block)
            for block in self.edges
        )
        return _cell(*canonical_blocks(*pruned(edges, self._outputs)))

    @property
    def _outputs(self) -> tuple[int, ...] | None:
        return None if self.concatenate == "unused" else self.output_states


def checked_concatenation(value: Concatenation, blocks: int) -> Concatenation:
    """Return `value` if cells of `blocks` have its states; raises `ValueError`. 0 are invalid."""
    states = INPUTS + blocks
    if blocks and not isinstance(value, str) and max(value) >= states:
        raise ValueError(f"got state {max(value)}, allowed: 0 to {states - 1}")
    return value


class CellArchitecture(Architecture):
    """Stacks of `repeats` normal cells with a reduction cell between them.

    The first stack has `filters` channels per state; each reduction halves height and width
    and doubles the channels (Zoph et al. 2018, section 3 and figure 2, CIFAR-10 variant, unless
    `layout` says otherwise).
    """

    space: Literal["cell"] = "cell"
    normal: Cell
    reduction: Cell
    repeats: int = Field(ge=1, le=MAX_REPEATS, description="normal cells per stack (N)")
    filters: int = Field(ge=1, le=MAX_FILTERS, description="channels of the first stack (F)")
    layout: Layout = Field(Layout(), exclude_if=lambda value: value == Layout())

    @field_validator("layout")
    @classmethod
    def _stem_has_enough_filters(cls, value: Layout, info: ValidationInfo) -> Layout:
        return checked_layout(value, info.data.get("filters"))

    def canonical(self) -> Self:
        """Return the architecture with both cells and the layout in canonical form."""
        normal = self.normal.canonical(strides=False)
        reduction = self.reduction.canonical()
        first = reduction if self.layout.stem_cells else normal
        layout = self.layout.canonical(
            self.repeats,
            self.filters,
            raw_stem_shows=0 in first.taken_states,
            bypass_shows=0 in normal.taken_states,
            projections_show=1 in normal.taken_states | reduction.taken_states,
        )
        return self.model_copy(update={"normal": normal, "reduction": reduction, "layout": layout})


def checked_layout(layout: Layout, filters: int | None) -> Layout:
    """Return `layout` if its stem can be built; raises `ValueError`. `filters` None are invalid."""
    if layout.stem == "imagenet" and filters is not None and filters < MIN_IMAGENET_FILTERS:
        raise ValueError(
            f"stem 'imagenet' with filters {filters}, "
            f"allowed: filters {MIN_IMAGENET_FILTERS} to {MAX_FILTERS}"
        )
    return layout


def _identified(source: int, operation: str, strides: bool) -> str:
    if operation == STRIDED_IDENTITY and (source >= INPUTS or not strides):
        return IDENTITY
    return operation


def _cell(blocks: Blocks, outputs: tuple[int, ...]) -> Cell:
    """Write down a pruned cell; a block of one edge has a `none` besides it."""
    return Cell(
        blocks=tuple(_block(edges) for edges in blocks) or (_block(()),),
        concatenate="unused" if outputs == loose_states(blocks) else outputs,
    )


def _block(edges: tuple[tuple[int, str], ...]) -> Block:
    (first, left), (second, right) = (*edges, (0, NONE), (0, NONE))[:2]
    return Block(inputs=(first, second), operations=(left, right))
