"""Cells as values.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, section 3, https://arxiv.org/abs/1707.07012
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from search_spaces.base import Architecture
from search_spaces.cell.canonical import canonical_blocks
from search_spaces.cell.plugins import find_or_raise_operation

MAX_BLOCKS = 7
MAX_REPEATS = 20
MAX_FILTERS = 1024

CELL_INPUTS = 2
"""States 0 and 1 of a cell: the output of the cell before last, and of the last cell."""


def _known_operation(name: str) -> str:
    return find_or_raise_operation(name).name


OperationName = Annotated[str, AfterValidator(_known_operation)]


class Block(BaseModel):
    """Adds two operations, each applied to one earlier state of the cell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    operations: tuple[OperationName, OperationName]


class Cell(BaseModel):
    """A small directed graph; block `i` makes state `2 + i`, unused states are concatenated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: tuple[Block, ...] = Field(min_length=1, max_length=MAX_BLOCKS)

    @model_validator(mode="after")
    def _inputs_come_before(self) -> Self:
        for position, block in enumerate(self.blocks):
            states = CELL_INPUTS + position
            if max(block.inputs) >= states:
                raise ValueError(
                    f"block {position} takes state {max(block.inputs)}, allowed: 0 to {states - 1}"
                )
        return self

    @property
    def unused_states(self) -> tuple[int, ...]:
        """States that no block takes, cell inputs included; the cell's output concatenates them."""
        used = {state for block in self.blocks for state in block.inputs}
        return tuple(s for s in range(CELL_INPUTS + len(self.blocks)) if s not in used)

    def canonical(self) -> Cell:
        """Return the one representative of all cells with the same graph."""
        blocks = canonical_blocks(
            tuple(tuple(zip(b.inputs, b.operations, strict=True)) for b in self.blocks)
        )
        return Cell(
            blocks=tuple(
                Block(inputs=(first[0], second[0]), operations=(first[1], second[1]))
                for first, second in blocks
            )
        )


class CellArchitecture(Architecture):
    """Stacks of `repeats` normal cells with a reduction cell between them.

    The first stack has `filters` channels per state; each reduction halves height and width
    and doubles the channels (Zoph et al. 2018, section 3 and figure 2, CIFAR-10 variant).
    """

    space: Literal["cell"] = "cell"
    normal: Cell
    reduction: Cell
    repeats: int = Field(ge=1, le=MAX_REPEATS, description="normal cells per stack (N)")
    filters: int = Field(ge=1, le=MAX_FILTERS, description="channels of the first stack (F)")

    def canonical(self) -> Self:
        """Return the architecture with both cells in canonical form."""
        return self.model_copy(
            update={"normal": self.normal.canonical(), "reduction": self.reduction.canonical()}
        )
