"""The contract of a search space: decisions in, an architecture value out, a network at last.

The life of an architecture:

1. A space lists its `decisions`: named categorical questions in a fixed order, some of which
   are only asked when an earlier answer calls for them.
2. A sampler answers them. It sees names and choices, never what they mean, so every sampler
   works on every space.
3. `SearchSpace.architecture` turns the answers into an `Architecture`: an immutable,
   validated, JSON-serialisable value with a canonical form and a content hash.
4. The process that trains calls `search_spaces.build` and gets an `nn.Module`.

Nothing in this module needs torch.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from search_spaces import encoding as encodings
from search_spaces import variation
from search_spaces.decisions import Choice, Choices, Decision
from search_spaces.errors import UnscalableSpaceError
from search_spaces.graph import Graph

if TYPE_CHECKING:
    from torch import nn

InputShape = tuple[int, int, int]
"""Shape of one image, `(C, H, W)`."""

MAX_RESOLUTION = 4096


class Architecture(BaseModel):
    """An immutable description of a network, without its weights or classes.

    It takes images as large as they come, unless it names the resolution at which it sees them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    space: str
    resolution: int | None = Field(
        None,
        ge=1,
        le=MAX_RESOLUTION,
        description="height in pixels to which images are resized, the width in proportion; "
        "null: as they come",
        exclude_if=lambda value: value is None,  # older values, and their hashes, are without
    )

    def seen_shape(self, input_shape: InputShape) -> InputShape:
        """Return the shape `(C, H, W)` at which the network sees images of `input_shape`."""
        if self.resolution is None:
            return input_shape
        channels, height, width = input_shape
        return channels, self.resolution, max(1, round(width * self.resolution / height))

    def canonical(self) -> Self:
        """Return the one representative of all architectures that describe this network."""
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy without the cached hash, which need not be that of the changed copy."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("content_hash", None)
        return copied

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON, so that equal networks have equal hashes."""
        return hashlib.sha256(self.canonical().model_dump_json().encode()).hexdigest()


class SpaceOptions(BaseModel):
    """What a user may set about a space before the search, e.g. cells per stack."""

    model_config = ConfigDict(frozen=True, extra="forbid")


A = TypeVar("A", bound=Architecture)
O = TypeVar("O", bound=SpaceOptions)  # noqa: E741


class SearchSpace(ABC, Generic[A, O]):
    """A set of architectures that can be sampled, validated and built.

    A space is made once per job from its options and holds no state afterwards. `decisions`
    and `architecture` are called for each proposal; `build` only where a candidate is
    analysed, trained or exported, and only `build` may import torch.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    architecture_type: ClassVar[type[Architecture]]
    options_type: ClassVar[type[SpaceOptions]]

    def __init__(self, options: O) -> None:
        self.options = options

    @classmethod
    def suggested_options(cls, input_shape: InputShape) -> SpaceOptions:
        """Return the options for a search on images of this size whose user names none."""
        del input_shape
        return cls.options_type()

    @property
    @abstractmethod
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions in the order they are asked; a condition only names earlier ones."""

    @abstractmethod
    def architecture(self, chosen: Choices) -> A:
        """Turn answers into an architecture; raises `InvalidDecisionsError` if they do not fit."""

    @abstractmethod
    def choices(self, architecture: A) -> dict[str, Choice]:
        """Turn an architecture of this space back into answers (inverse of `architecture`).

        Raises:
            InvalidDecisionsError: The architecture lies outside this space's options.
        """

    @property
    @abstractmethod
    def node_kinds(self) -> tuple[str, ...]:
        """Every kind of node that `graphs` can contain."""

    @property
    @abstractmethod
    def max_nodes(self) -> int:
        """Nodes of the largest graph that `graphs` can return."""

    def sample(self, rng: np.random.Generator) -> A:
        """Draw an architecture, each arising decision answered uniformly."""
        return self.architecture(variation.draw_choices(self.decisions, rng))

    def mutate(self, architecture: A, rng: np.random.Generator) -> A:
        """Change one decision, drawn uniformly, and draw what then arises anew."""
        chosen = self.choices(architecture)
        return self.architecture(variation.mutate_choices(self.decisions, chosen, rng))

    def crossover(self, first: A, second: A, rng: np.random.Generator) -> A:
        """Mix two parents, decision by decision."""
        parents = self.choices(first), self.choices(second)
        return self.architecture(variation.cross_choices(self.decisions, *parents, rng))

    def neighbours(self, architecture: A) -> Iterator[A]:
        """Yield the architectures that differ in one decision."""
        chosen = self.choices(architecture)
        for each in variation.neighbouring_choices(self.decisions, chosen):
            yield self.architecture(each)

    @cached_property
    def size(self) -> int:
        """The number of complete answers; several may describe one network."""
        return variation.count_choices(self.decisions)

    def encode(self, architecture: A, encoding: encodings.Encoding) -> encodings.Vector:
        """Write an architecture of this space as a vector of a length that the space fixes.

        The canonical form is encoded, so that equal networks have equal vectors, except for
        one-hot vectors, whose decisions are those of the architecture as it is.
        """
        if encoding is encodings.Encoding.ONE_HOT:
            return encodings.one_hot(self.decisions, self.choices(architecture))
        graphs = self.graphs(architecture.canonical())
        if encoding is encodings.Encoding.PATH:
            return encodings.hashed_paths(graphs)
        return encodings.adjacency(graphs, self.node_kinds, self.max_nodes)

    @staticmethod
    @abstractmethod
    def graphs(architecture: Any) -> tuple[Graph, ...]:
        """Return what is drawn and encoded: always the same number of graphs, by name."""

    @classmethod
    def pictures(cls, architecture: Any) -> tuple[Graph, ...]:
        """Return what is drawn as SVG: `graphs`, unless a person would rather see others."""
        return cls.graphs(architecture)

    @staticmethod
    def scale(architecture: Any, *, width: float, depth: float, divisor: int) -> Any:
        """Multiply an architecture's channels by `width` and its layers or blocks by `depth`.

        Channels are rounded to a multiple of `divisor` that is at least 90 % of what they would
        be, layers are rounded up. A multiplier of 1 changes nothing.

        Raises:
            UnscalableSpaceError: The space does not say how.
            ValidationError: A scaled number is larger than an architecture may have.
        """
        del width, depth, divisor
        raise UnscalableSpaceError(
            f"space {architecture.space!r} does not say how its architectures are scaled; allowed: "
            "a space that defines `scale`"
        )

    @staticmethod
    @abstractmethod
    def build(architecture: Any, input_shape: InputShape, num_classes: int) -> nn.Module:
        """Build the network: `(N, C, H, W)` images in, `(N, num_classes)` logits out."""

    @staticmethod
    @abstractmethod
    def standalone_source(architecture: Any, input_shape: InputShape, num_classes: int) -> str:
        """Write the network as a module that needs torch alone and defines `build()`."""

    @staticmethod
    @abstractmethod
    def draw(architecture: Any) -> str:
        """Draw the architecture as plain text for a terminal."""
