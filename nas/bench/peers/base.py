"""The contract of a peer: another library's strategy, asked and told in turns."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from nas.bench.problem import TableProblem
from nas.bench.running import Regret, Run
from search_spaces import Choice, Choices, Decision, active_decisions

_ASKS_PER_QUERY = 20
"""Proposals of rows known already cost no query; a peer that repeats itself ends here."""


class Peer(ABC):
    """A strategy with its library's defaults: `ask`, then `tell`, and so on."""

    def __init__(self, decisions: tuple[Decision, ...], seed: int) -> None:
        self.decisions = decisions
        self.seed = seed
        # Some libraries draw from the process' own generators, whatever seed they are given.
        random.seed(seed)
        np.random.seed(seed)

    @abstractmethod
    def ask(self) -> Choices:
        """Propose answers to the decisions that arise."""

    @abstractmethod
    def tell(self, value: float | None) -> None:
        """Learn what the last proposal is worth, more being better; None: it has no value."""


class SearchOverError(Exception):
    """A strategy has nothing more to propose."""


def arising(decisions: tuple[Decision, ...], answers: Mapping[str, Any]) -> dict[str, Choice]:
    """Keep the answers to decisions that arise, for libraries that answer all of them."""
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        chosen[decision.name] = answers[decision.name]
    return chosen


def search(problem: TableProblem, peer: Peer, queries: int) -> Run:
    """Search the table until the optimum is found or `queries` rows are known."""
    table, regret = problem.table, Regret(problem.table.optimum, queries)
    known: set[object] = set()
    asks, seconds = 0, 0.0
    while not regret.is_over and asks < queries * _ASKS_PER_QUERY:
        started = time.perf_counter()
        try:
            key = table.key(peer.ask())
        except SearchOverError:
            break
        seconds += time.perf_counter() - started
        asks += 1
        value = table.values.get(key)
        peer.tell(value)
        if value is not None and key not in known:
            known.add(key)
            regret.add(value)
    return regret.run(asks, seconds)
