"""A table as a search problem."""

from __future__ import annotations

import hashlib

from nas.bench.table import Table
from nas.problem import SearchProblem
from nas.proxies import ProxyScores
from search_spaces import Architecture, Choices

INPUT_SHAPE = (3, 32, 32)
NUM_CLASSES = 10


class TableProblem(SearchProblem):
    """The rows of a table, told apart even where they describe equal networks.

    Equal networks were trained apart and have different values, and in a table that is not from
    training they need not have anything in common.
    """

    def __init__(self, table: Table, proxy_scores: ProxyScores | None = None) -> None:
        super().__init__(table.space, INPUT_SHAPE, NUM_CLASSES, proxy_scores=proxy_scores)
        self.table = table

    def architecture(self, choices: Choices) -> Architecture:
        """Return the row's own architecture."""
        architecture: Architecture = self.space.architecture(choices)
        return architecture

    def key(self, architecture: Architecture) -> str:
        """Return a digest of the row, not of the network that it describes."""
        return hashlib.sha256(architecture.model_dump_json().encode()).hexdigest()

    def value(self, architecture: Architecture) -> float | None:
        """Return what the table says, None where it has no such row."""
        return self.table.values.get(self.table.key(self.space.choices(architecture)))
