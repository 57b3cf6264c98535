"""A torch-free search problem whose architectures are the answers themselves."""

from __future__ import annotations

from typing import Any

from nas.problem import SearchProblem
from search_spaces import Architecture, Choices, Decision, check_choices
from search_spaces.base import SearchSpace, SpaceOptions
from search_spaces.graph import Graph, Node


class Answers(Architecture):
    space: str = "answers"
    chosen: tuple[tuple[str, Any], ...]


class AnswersSpace(SearchSpace[Answers, SpaceOptions]):
    """Whatever decisions a test names; an architecture's graph is the chain of its answers."""

    name = "answers"
    architecture_type = Answers
    options_type = SpaceOptions

    def __init__(self, decisions: tuple[Decision, ...]) -> None:
        super().__init__(SpaceOptions())
        self._decisions = decisions

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self._decisions

    def architecture(self, chosen: Choices) -> Answers:
        check_choices(self._decisions, chosen)
        return Answers(chosen=tuple(sorted(chosen.items())))

    def choices(self, architecture: Answers) -> dict[str, Any]:
        return dict(architecture.chosen)

    @property
    def node_kinds(self) -> tuple[str, ...]:
        return tuple(f"{d.name}={choice}" for d in self._decisions for choice in d.choices)

    @property
    def max_nodes(self) -> int:
        return len(self._decisions)

    @staticmethod
    def graphs(architecture: Answers) -> tuple[Graph, ...]:
        nodes = tuple(Node(f"{name}={answer}", name) for name, answer in architecture.chosen)
        return (Graph("chain", nodes, tuple((i, i + 1) for i in range(len(nodes) - 1))),)

    @staticmethod
    def build(architecture: Any, input_shape: Any, num_classes: int) -> Any:
        raise NotImplementedError

    @staticmethod
    def standalone_source(architecture: Any, input_shape: Any, num_classes: int) -> str:
        raise NotImplementedError

    @staticmethod
    def draw(architecture: Any) -> str:
        raise NotImplementedError


class AnswersProblem(SearchProblem):
    """Its MACs are the number that can be read in the answers."""

    def __init__(self, decisions: tuple[Decision, ...], *, num_objectives: int = 1) -> None:
        super().__init__(AnswersSpace(decisions), (1, 8, 8), 10, num_objectives=num_objectives)

    def macs(self, choices: Choices) -> int | None:
        return 1000 + sum(answer for answer in choices.values() if isinstance(answer, int))
