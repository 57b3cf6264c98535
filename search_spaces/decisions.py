"""Named categorical questions, some of which are only asked when earlier answers call for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from search_spaces.errors import InvalidDecisionsError

Choice = str | int | float
"""One answer to a decision; all choices of a decision are of one type, which JSON keeps."""

Choices = Mapping[str, Choice]
"""Answers by decision name."""


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
    """One categorical question; asked only where every condition holds.

    Where the answer says which part of the network takes which as its input, `sources` names the
    part that each choice takes, None for a choice that takes none. A sampler that knows parts can
    then compare them; others need not look.
    """

    name: str
    choices: tuple[Choice, ...]
    conditions: tuple[Condition, ...] = ()
    part: str | None = None
    """The part of the network that the answer describes, such as a layer or a block."""
    sources: tuple[str | None, ...] = ()
    """One per choice, or none at all."""

    def __post_init__(self) -> None:
        if self.sources and len(self.sources) != len(self.choices):
            raise ValueError(
                f"decision {self.name!r}: {len(self.sources)} sources, "
                f"allowed: none, or one for each of {len(self.choices)} choices"
            )

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


def answers_in_order(decisions: tuple[Decision, ...], chosen: Choices) -> tuple[Choice | None, ...]:
    """Return the answers as a value to look up by, None where a question does not arise."""
    return tuple(chosen.get(decision.name) for decision in decisions)


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
