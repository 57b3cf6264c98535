"""Architectures as rows of feature matrices, computed once each.

Four views of an architecture, for kernels to compare:

- `ONE_HOT`: its answers to the space's decisions, as they are.
- `PATHS`: the paths through the graphs of its canonical form, equal for equal networks (White,
  Neiswanger, Savani: BANANAS, AAAI 2021, section 4).
- `COUNTS`: how many nodes of each kind those graphs have, how deep and how branched they are.
- `CAPACITY`: its MACs or their logarithm, estimated and standardised.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nas.problem import SearchProblem
from nas.samplers.model.capacity import CapacityEstimate
from search_spaces import Architecture, Choice, Choices, Decision
from search_spaces.encoding import one_hot, paths
from search_spaces.graph import Graph
from search_spaces.variation import draw_choices, neighbouring_choices

Matrix = NDArray[np.float64]
Rows = NDArray[np.intp]

REFERENCE_ROWS = 64
"""Random architectures by which views are scaled and MACs are estimated."""

LARGEST_ENUMERATED = 20_000
"""Spaces of up to this many answers are listed whole."""

PATH_COLUMNS = 1024
"""Different paths told apart; in spaces with more, later ones share the columns."""

_FIRST_CAPACITY = 1024


class View(StrEnum):
    """What of an architecture a kernel looks at."""

    ONE_HOT = "one_hot"
    PATHS = "paths"
    COUNTS = "counts"
    CAPACITY = "capacity"


class FeatureTable:
    """Rows of features, one for each set of answers that was looked at.

    The first `REFERENCE_ROWS` rows (fewer in smaller spaces) are drawn at random from the
    problem alone, so that equal problems have equal scales whatever the job's seed.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self.problem = problem
        self.decisions: tuple[Decision, ...] = problem.space.decisions
        self.choices: list[dict[str, Choice]] = []
        self.keys: list[str] = []
        self._row: dict[tuple[Choice | None, ...], int] = {}
        self._neighbours: dict[int, Rows] = {}
        self._of_graphs: dict[Architecture, dict[View, NDArray[np.float32]]] = {}
        self._path_columns: dict[tuple[int, tuple[str, ...]], int] = {}
        self._raw: dict[View, NDArray[np.float32]] = {}
        self._whole: dict[View, Matrix] = {}
        rng = np.random.default_rng(0)
        for _ in range(4 * REFERENCE_ROWS):
            if len(self.choices) < REFERENCE_ROWS:
                self.add(draw_choices(self.decisions, rng))
        self.reference: Rows = np.arange(len(self.choices))
        counts = self._raw[View.COUNTS][self.reference]
        self._center = counts.mean(axis=0)
        self._spread = np.where(counts.std(axis=0) > 0, counts.std(axis=0), 1.0)
        self._capacity = CapacityEstimate(
            self._predictors(self.reference),
            [problem.macs(self.choices[row]) for row in self.reference],
        )

    def add(self, choices: Choices) -> int:
        """Return the row of these answers, computing it where they are new."""
        key = tuple(choices.get(decision.name) for decision in self.decisions)
        if key not in self._row:
            self._append(dict(choices))
            self._row[key] = len(self.choices) - 1
        return self._row[key]

    def neighbours(self, row: int) -> Rows:
        """Return the rows of the answers that differ in one decision."""
        if row not in self._neighbours:
            found = neighbouring_choices(self.decisions, self.choices[row])
            self._neighbours[row] = np.array([self.add(each) for each in found], dtype=np.intp)
        return self._neighbours[row]

    def complete(self) -> None:
        """Prepare the views of all rows at once, where no more will be added."""
        rows = np.arange(len(self.choices))
        whole = {view: self.view(view, rows) for view in View}
        self._of_graphs.clear()
        self._whole = whole | {View.PATHS: whole[View.PATHS][:, : len(self._path_columns)]}

    def view(self, view: View, rows: Rows) -> Matrix:
        """Return the features of `rows`, shape `(len(rows), features of the view)`."""
        if self._whole:
            return self._whole[view][rows]
        if view is View.CAPACITY:
            return self._capacity(self._predictors(rows))[:, None]
        raw = self._raw[view][rows].astype(np.float64)
        return (raw - self._center) / self._spread if view is View.COUNTS else raw

    def _predictors(self, rows: Rows) -> Matrix:
        return np.hstack([self.view(View.COUNTS, rows), self.view(View.ONE_HOT, rows)])

    def _append(self, choices: dict[str, Choice]) -> None:
        architecture = self.problem.architecture(choices)
        canonical = architecture.canonical()
        if canonical not in self._of_graphs:
            graphs = self.problem.space.graphs(canonical)
            self._of_graphs[canonical] = {
                View.PATHS: self._weigh_paths(graphs),
                View.COUNTS: _counts(graphs, self.problem.space.node_kinds),
            }
        features = self._of_graphs[canonical] | {View.ONE_HOT: one_hot(self.decisions, choices)}
        row = len(self.choices)
        for view, vector in features.items():
            matrix = self._raw.get(view)
            if matrix is None:
                matrix = np.zeros((_FIRST_CAPACITY, len(vector)), np.float32)
            elif row == len(matrix):
                matrix = np.concatenate([matrix, np.zeros_like(matrix)])
            matrix[row] = vector
            self._raw[view] = matrix
        self.choices.append(choices)
        self.keys.append(self.problem.key(architecture))

    def _weigh_paths(self, graphs: Sequence[Graph]) -> NDArray[np.float32]:
        """Mark the paths through each graph; a longer one, which says less by itself, by less."""
        vector = np.zeros(PATH_COLUMNS, np.float32)
        for number, graph in enumerate(graphs):
            for path in sorted(paths(graph)):
                column = self._path_columns.setdefault((number, path), len(self._path_columns))
                vector[column % PATH_COLUMNS] = max(len(path) - 1, 1) ** -0.5
        return vector


@lru_cache(maxsize=4)
def whole_space(problem: SearchProblem) -> FeatureTable | None:
    """Return the table with a row for every architecture of a small space, else None.

    It is kept for the next sampler on the same problem.
    """
    if problem.space.size > LARGEST_ENUMERATED:
        return None
    table = FeatureTable(problem)
    for choices in _every_answer(table.decisions):
        table.add(choices)
    table.complete()
    return table


def _every_answer(decisions: Sequence[Decision]) -> list[dict[str, Choice]]:
    if not any(decision.conditions for decision in decisions):
        names = [decision.name for decision in decisions]
        return [
            dict(zip(names, answers, strict=True))
            for answers in product(*(decision.choices for decision in decisions))
        ]
    partial: list[dict[str, Choice]] = [{}]
    for decision in decisions:
        partial = [
            extended
            for chosen in partial
            for extended in (
                [{**chosen, decision.name: choice} for choice in decision.choices]
                if decision.is_active(chosen)
                else [chosen]
            )
        ]
    return partial


def _counts(graphs: Sequence[Graph], kinds: Sequence[str]) -> NDArray[np.float32]:
    """Count each graph's nodes by kind, its edges, the longest way through it and all ways."""
    return np.array([value for graph in graphs for value in _shape(graph, kinds)], np.float32)


def _shape(graph: Graph, kinds: Sequence[str]) -> list[float]:
    depth, ways = [0] * len(graph.nodes), [0] * len(graph.nodes)
    targets = {target for _, target in graph.edges}
    for node in range(len(graph.nodes)):
        if node not in targets:
            ways[node] = 1
    for source, target in sorted(graph.edges, key=lambda edge: edge[1]):
        depth[target] = max(depth[target], depth[source] + 1)
        ways[target] += ways[source]
    present = [node.kind for node in graph.nodes]
    return [
        *(float(present.count(kind)) for kind in kinds),
        float(len(graph.edges)),
        float(max(depth)),
        float(np.log1p(max(ways))),
    ]
