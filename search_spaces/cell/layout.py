"""How cells are stacked into a network, where papers differ in it.

The defaults are the stack of Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for
Scalable Image Recognition, CVPR 2018, figure 2 (CIFAR-10), https://arxiv.org/abs/1707.07012.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from search_spaces.batch_norm import BatchNorm

MAX_REPEATS = 64
MAX_FILTERS = 4096
MAX_STACKS = 4
MAX_STEM_WIDTH = 16_384

STEM_MULTIPLIER = 3
"""The stem of the CIFAR-10 networks has three times the first stack's channels."""

STEM_CELLS = 2
"""Reduction cells of the ImageNet stem."""

MIN_IMAGENET_FILTERS = 8
"""So that the first of the stem's cells, which has a quarter of them, can halve its channels."""


class Layout(BaseModel):
    """Everything about the network that is neither in the cells nor their number and width."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stem: Literal["cifar", "imagenet"] = Field(
        "cifar",
        description="a 3x3 convolution; or one with stride 2, unpadded, and two reduction cells of "
        "a quarter and half of the filters",
    )
    stem_width: Annotated[int, Field(ge=1, le=MAX_STEM_WIDTH)] | None = Field(
        None, description="channels of the stem's convolution; without: three times the filters"
    )
    raw_stem: bool = Field(
        False,
        description="the first cell takes the stem's convolution as it is for the cell before "
        "last, and each operation on it changes the channels itself",
    )
    later_stacks: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, le=MAX_REPEATS)], ...],
            Field(min_length=1, max_length=MAX_STACKS - 1),
        ]
        | None
    ) = Field(
        None,
        description="normal cells of each stack behind a reduction cell; without: two such "
        "stacks of as many as the first has",
    )
    bypass_reductions: bool = Field(
        False,
        description="the cell behind a reduction cell takes for the cell before last the one "
        "that the reduction cell took",
    )
    last_projections: int = Field(
        1,
        ge=1,
        le=2,
        description="1x1 convolutions in a row on the last cell's output",
    )
    padding: Literal["symmetric", "end"] = Field(
        "symmetric",
        description="of layers with stride 2: alike on both sides, or the odd pixel at the end",
    )
    final_activation: bool = Field(True, description="ReLU before the last pooling")
    batch_norm: BatchNorm = BatchNorm()
    drop_path: float = Field(
        0.0,
        ge=0,
        le=0.9,
        description="probability, while training, that an operation of the last cell is left "
        "out of its sum; grows linearly over the cells, identities stay",
    )

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave defaults out, so that no hash changes when a field is added."""
        fields = type(self).model_fields
        return {
            name: value
            for name, value in serialize(self).items()
            if getattr(self, name) != fields[name].default
        }

    def width(self, filters: int) -> int:
        """Return the channels of the stem's convolution."""
        return STEM_MULTIPLIER * filters if self.stem_width is None else self.stem_width

    @property
    def stem_cells(self) -> int:
        """Reduction cells between the stem's convolution and the first stack."""
        return STEM_CELLS if self.stem == "imagenet" else 0

    def stacks(self, repeats: int) -> tuple[int, ...]:
        """Return the number of normal cells of each stack; `repeats` is that of the first."""
        return (repeats, *(self.later_stacks or (repeats, repeats)))

    def canonical(
        self,
        repeats: int,
        filters: int,
        *,
        raw_stem_shows: bool,
        bypass_shows: bool,
        projections_show: bool,
    ) -> Self:
        """Return the layout with all at its default that makes no other network.

        A setting shows if the cells take the state that it is about.
        """
        is_default_width = self.stem_width == STEM_MULTIPLIER * filters
        are_default_stacks = self.later_stacks == (repeats, repeats)
        return self.model_copy(
            update={
                "stem_width": None if is_default_width else self.stem_width,
                "later_stacks": None if are_default_stacks else self.later_stacks,
                "raw_stem": self.raw_stem and raw_stem_shows,
                "bypass_reductions": self.bypass_reductions and bypass_shows,
                "last_projections": self.last_projections if projections_show else 1,
            }
        )
