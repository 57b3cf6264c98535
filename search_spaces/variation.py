"""Drawing, changing, listing and counting answers to a decision sequence, whatever the space.

Mutation and crossover after Real, Aggarwal, Huang, Le: Regularized Evolution for Image Classifier
Architecture Search, AAAI 2019, https://arxiv.org/abs/1802.01548, on decisions instead of cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from search_spaces.decisions import Choice, Choices, Decision, active_decisions

Decisions = tuple[Decision, ...]


def draw_choices(
    decisions: Decisions, rng: np.random.Generator, kept: Choices | None = None
) -> dict[str, Choice]:
    """Answer each arising decision as in `kept` where that is allowed, else uniformly."""
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        answer = None if kept is None else kept.get(decision.name)
        if answer not in decision.choices:
            answer = decision.choices[int(rng.integers(len(decision.choices)))]
        chosen[decision.name] = answer
    return chosen


def every_choices(decisions: Decisions) -> list[dict[str, Choice]]:
    """Return all complete answers, the last decision changing fastest; for small spaces."""
    complete: list[dict[str, Choice]] = [{}]
    for decision in decisions:
        longer: list[dict[str, Choice]] = []
        for chosen in complete:
            if decision.is_active(chosen):
                longer += ({**chosen, decision.name: choice} for choice in decision.choices)
            else:
                longer.append(chosen)
        complete = longer
    return complete


def mutate_choices(
    decisions: Decisions, chosen: Choices, rng: np.random.Generator
) -> dict[str, Choice]:
    """Give one decision, drawn uniformly, another answer; what then arises anew is drawn.

    Raises:
        ValueError: No decision has another answer.
    """
    open_ones = [d for d in active_decisions(decisions, chosen) if len(d.choices) > 1]
    if not open_ones:
        raise ValueError("the space has a single architecture, which cannot be mutated")
    changed = open_ones[int(rng.integers(len(open_ones)))]
    others = [choice for choice in changed.choices if choice != chosen[changed.name]]
    answer = others[int(rng.integers(len(others)))]
    return draw_choices(decisions, rng, {**chosen, changed.name: answer})


def cross_choices(
    decisions: Decisions, first: Choices, second: Choices, rng: np.random.Generator
) -> dict[str, Choice]:
    """Answer each decision as one of two parents did, drawn anew for each decision."""
    mixed: dict[str, Choice] = {}
    for decision in decisions:
        parents = [parent for parent in (first, second) if decision.name in parent]
        if parents:
            mixed[decision.name] = parents[int(rng.integers(len(parents)))][decision.name]
    return draw_choices(decisions, rng, mixed)


def neighbouring_choices(decisions: Decisions, chosen: Choices) -> Iterator[dict[str, Choice]]:
    """Yield the answers that differ in one decision; what then arises anew gets its first."""
    for changed in active_decisions(decisions, chosen):
        for answer in changed.choices:
            if answer != chosen[changed.name]:
                yield _filled(decisions, {**chosen, changed.name: answer})


def _filled(decisions: Decisions, kept: Mapping[str, Choice]) -> dict[str, Choice]:
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        answer = kept.get(decision.name)
        chosen[decision.name] = answer if answer in decision.choices else decision.choices[0]
    return chosen


def count_choices(decisions: Decisions) -> int:
    """Count the complete answers exactly.

    Only answers that a later condition asks about are told apart on the way, so the count takes
    time in the number of such combinations, not in the number of architectures.
    """
    asked_later: list[frozenset[str]] = []
    names: frozenset[str] = frozenset()
    for decision in reversed(decisions):
        asked_later.append(names)
        names |= {condition.decision for condition in decision.conditions}
    numbers: dict[frozenset[tuple[str, Choice]], int] = {frozenset(): 1}
    for decision, wanted in zip(decisions, reversed(asked_later), strict=True):
        counted: Counter[frozenset[tuple[str, Choice]]] = Counter()
        for known, number in numbers.items():
            kept = frozenset(pair for pair in known if pair[0] in wanted)
            if not decision.is_active(dict(known)):
                counted[kept] += number
            elif decision.name not in wanted:
                counted[kept] += number * len(decision.choices)
            else:
                for choice in decision.choices:
                    counted[kept | {(decision.name, choice)}] += number
        numbers = counted
    return sum(numbers.values())
