"""The order in which a controller answers decisions, and answers as numbers.

The controller takes one step per decision, save that neighbouring decisions "is part j an input
of this part?" share one: the anchor point of Zoph & Le (2017), section 3.3, where a layer settles
all its skip connections at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from search_spaces import Choice, Choices, Decision

NOT_ASKED = -1
"""Stands for the answer to a decision that does not arise."""


@dataclass(frozen=True, slots=True)
class Step:
    """Decisions answered from one hidden state; all have the same number of choices."""

    decisions: tuple[int, ...]
    """Positions of the decisions in the space's order."""
    part: int | None
    """The part of the network that they describe, by number."""
    sources: tuple[tuple[int | None, ...], ...]
    """For each decision, the part that each choice takes; empty where none is about inputs."""


class DecisionPlan:
    """A space's decisions as steps, and its answers as rows of choices' numbers, shape `(D,)`."""

    def __init__(self, decisions: tuple[Decision, ...]) -> None:
        self.decisions = decisions
        self._position = {decision.name: i for i, decision in enumerate(decisions)}
        self._number = [{c: i for i, c in enumerate(d.choices)} for d in decisions]
        named = [name for d in decisions for name in (d.part, *d.sources) if name is not None]
        self.parts = {name: i for i, name in enumerate(dict.fromkeys(named))}
        self.steps = tuple(
            self._step(tuple(group))
            for _, group in groupby(range(len(decisions)), key=self._shared_step)
        )
        self._tests = [self._tests_of(decision) for decision in decisions]

    def encode(self, choices: Choices) -> list[int]:
        """Number the answers, `NOT_ASKED` where a decision does not arise."""
        return [
            number[choices[decision.name]] if decision.name in choices else NOT_ASKED
            for decision, number in zip(self.decisions, self._number, strict=True)
        ]

    def decode(self, row: list[int]) -> dict[str, Choice]:
        """Turn a row of numbers back into answers."""
        return {
            decision.name: decision.choices[number]
            for decision, number in zip(self.decisions, row, strict=True)
            if number != NOT_ASKED
        }

    def arises(self, step: Step, answers: Tensor) -> Tensor | None:
        """Tell in which of the rows `(B, D)` a step is taken, shape `(B,)`; None: in all."""
        arises: Tensor | None = None
        for decision, holds in self._tests[step.decisions[0]]:
            met = holds[answers[:, decision]]
            arises = met if arises is None else arises & met
        return arises

    def _shared_step(self, position: int) -> object:
        """Return what is equal for neighbouring decisions that share a step."""
        decision = self.decisions[position]
        is_skip = len(decision.sources) == 2 and decision.sources[0] is None
        return (decision.part, decision.conditions) if is_skip else position

    def _step(self, positions: tuple[int, ...]) -> Step:
        decisions = [self.decisions[position] for position in positions]
        part = decisions[0].part
        return Step(
            positions,
            None if part is None else self.parts[part],
            tuple(
                tuple(None if name is None else self.parts[name] for name in decision.sources)
                for decision in decisions
                if decision.sources
            ),
        )

    def _tests_of(self, decision: Decision) -> list[tuple[int, Tensor]]:
        """Return each condition as a decision's position and the answers for which it holds.

        The last entry belongs to `NOT_ASKED`, which is -1.
        """
        tests = []
        for condition in decision.conditions:
            position = self._position[condition.decision]
            choices = self.decisions[position].choices
            holds = [choice in condition.values for choice in choices]
            tests.append((position, torch.tensor([*holds, False])))
        return tests
