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
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from search_spaces.errors import InvalidDecisionsError

if TYPE_CHECKING:
    from torch import nn

Choice = str | int
"""One answer to a decision; JSON keeps its type."""

Choices = Mapping[str, Choice]
"""Answers by decision name."""

InputShape = tuple[int, int, int]
"""Shape of one image, `(C, H, W)`."""


class Architecture(BaseModel):
    """An immutable description of a network, without its weights, input size or classes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    space: str

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


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where the decision named `decision` was answered with one of `values`."""

    decision: str
    values: frozenset[Choice]

    def holds(self, chosen: Choices) -> bool:
        """Tell whether the answers so far meet the condition."""
        return chosen.get(self.decision) in self.values


@dataclass(frozen=True, slots=True)
class Decision:
    """One categorical question; asked only where every condition holds."""

    name: str
    choices: tuple[Choice, ...]
    conditions: tuple[Condition, ...] = ()

    def is_active(self, chosen: Choices) -> bool:
        """Tell whether the question arises, given the answers to the ones before it."""
        return all(condition.holds(chosen) for condition in self.conditions)


def active_decisions(decisions: tuple[Decision, ...], chosen: Choices) -> Iterator[Decision]:
    """Yield, in order, the decisions that arise under `chosen`.

    `chosen` may be filled while iterating: each decision is tested when its turn comes.
    """
    for decision in decisions:
        if decision.is_active(chosen):
            yield decision


def check_choices(decisions: tuple[Decision, ...], chosen: Choices) -> None:
    """Check that `chosen` answers exactly the decisions that arise.

    Raises:
        InvalidDecisionsError: An answer is missing, not among the choices, or not asked for.
    """
    unused = set(chosen)
    for decision in active_decisions(decisions, chosen):
        if decision.name not in chosen:
            raise InvalidDecisionsError(f"decision {decision.name!r} has no answer")
        if chosen[decision.name] not in decision.choices:
            raise InvalidDecisionsError(
                f"decision {decision.name!r}: got {chosen[decision.name]!r}, "
                f"allowed: {', '.join(map(str, decision.choices))}"
            )
        unused.discard(decision.name)
    if unused:
        raise InvalidDecisionsError(f"no such decision here: {', '.join(sorted(unused))}")


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

    def sample(self, rng: np.random.Generator) -> A:
        """Draw an architecture, each arising decision answered uniformly."""
        chosen: dict[str, Choice] = {}
        for decision in active_decisions(self.decisions, chosen):
            chosen[decision.name] = decision.choices[int(rng.integers(len(decision.choices)))]
        return self.architecture(chosen)

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
