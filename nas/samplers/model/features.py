"""Architectures as rows of feature matrices, computed once each.

Five views of an architecture, for kernels to compare:

- `ONE_HOT`: its answers to the space's decisions, as they are.
- `PATHS`: the paths through the graphs of its canonical form, equal for equal networks (White,
  Neiswanger, Savani: BANANAS, AAAI 2021, section 4).
- `COUNTS`: how many nodes of each kind those graphs have, how deep and how branched they are.
- `INTERACTIONS`: a number for its answers to each group of a few decisions.
- `CAPACITY`: its MACs or their logarithm, estimated and standardised; with a warm start, the
  normal score of a zero-cost proxy as a second column.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas.problem import SearchProblem
from nas.samplers.model.capacity import estimate_capacity, estimate_proxy
from nas.samplers.model.interactions import Interactions
from search_spaces import Architecture, Choice, Choices, Decision
from search_spaces.decisions import answers_in_order
from search_spaces.encoding import one_hot, paths
from search_spaces.graph import Graph
from search_spaces.variation import draw_choices, every_choices, neighbouring_choices

Matrix = NDArray[np.float64]
Rows = NDArray[np.intp]
Features = dict["View", NDArray[np.float32]]

REFERENCE_ROWS = 64
"""Random architectures by which views are scaled, and MACs and a proxy are estimated."""

LARGEST_ENUMERATED = 20_000
"""Spaces of up to this many answers are listed whole."""

PATH_COLUMNS = 2048
"""Features of paths; in a space with more paths than this, some share one."""

_FIRST_LENGTH = 1024
_REMEMBERED_GRAPHS = 4096


class View(StrEnum):
    """What of an architecture a kernel looks at."""

    ONE_HOT = "one_hot"
    PATHS = "paths"
    COUNTS = "counts"
    INTERACTIONS = "interactions"
    CAPACITY = "capacity"


class FeatureTable:
    """Rows of features, one for each set of answers that was looked at.

    The first `REFERENCE_ROWS` rows (fewer in smaller spaces) are drawn at random from the
    problem alone, so that equal problems have equal scales whatever the job's seed.
    """

    def __init__(
        self, problem: SearchProblem, proxy: str | None = None, *, is_whole: bool = False
    ) -> None:
        self.problem = problem
        self.is_whole = is_whole
        self.decisions: tuple[Decision, ...] = problem.decisions
        self.interactions = Interactions(self.decisions)
        self.choices: list[dict[str, Choice]] = []
        self.candidates: list[int] = []
        """The first row of the candidate that each row describes: equal for equal candidates."""
        self._first: dict[Hashable, int] = {}
        self._row: dict[tuple[Choice | None, ...], int] = {}
        self._neighbours: dict[int, Rows] = {}
        self._path_columns: dict[str, int] = {}
        self._of_canonical = lru_cache(maxsize=_REMEMBERED_GRAPHS)(self._look_at_graphs)
        self._of_graphs = lru_cache(maxsize=_REMEMBERED_GRAPHS)(
            lambda architecture: self._of_canonical(architecture.canonical())
        )
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
        predictors = self._predictors(self.reference)
        macs = [problem.macs(self.choices[row]) for row in self.reference]
        self._capacity = [estimate_capacity(predictors, macs)]
        if proxy is not None:
            scores = [problem.proxy_score(self.choices[row], proxy) for row in self.reference]
            self._capacity.append(estimate_proxy(predictors, scores))
        if is_whole:
            self._add_every_answer()

    def __len__(self) -> int:
        return len(self.choices)

    def add(self, choices: Choices) -> int:
        """Return the row of these answers, computing it where they are new."""
        answers = answers_in_order(self.decisions, choices)
        if answers not in self._row:
            architecture = self.problem.architecture(choices)
            features = self._of_graphs(architecture) | {
                View.ONE_HOT: one_hot(self.decisions, choices),
                View.INTERACTIONS: self.interactions.codes(choices),
            }
            self._append(dict(choices), architecture, features)
        return self._row[answers]

    def truncate(self, length: int) -> None:
        """Forget the rows from `length` on."""
        for choices in self.choices[length:]:
            del self._row[answers_in_order(self.decisions, choices)]
        while self._first and next(reversed(self._first.values())) >= length:
            self._first.popitem()
        del self.choices[length:], self.candidates[length:]

    def neighbours(self, row: int) -> Rows:
        """Return the rows of the answers that differ in one decision."""
        if row in self._neighbours:
            return self._neighbours[row]
        found = neighbouring_choices(self.decisions, self.choices[row])
        rows = np.array([self.add(each) for each in found], dtype=np.intp)
        if self.is_whole:
            self._neighbours[row] = rows
        return rows

    def _add_every_answer(self) -> None:
        """Add a row for each architecture, then prepare the views of all at once."""
        for choices in every_choices(self.decisions):
            self.add(choices)
        self._raw[View.PATHS] = self._raw[View.PATHS][:, : len(self._path_columns)]
        self._whole = {view: self.view(view, np.arange(len(self))) for view in View}
        self._raw.clear()
        self._of_graphs.cache_clear()
        self._of_canonical.cache_clear()

    def view(self, view: View, rows: Rows) -> Matrix:
        """Return the features of `rows`, shape `(len(rows), features of the view)`."""
        if self._whole:
            return self._whole[view][rows]
        if view is View.CAPACITY:
            predictors = self._predictors(rows)
            return np.stack([estimate(predictors) for estimate in self._capacity], axis=1)
        raw = self._raw[view][rows].astype(np.float64)
        return (raw - self._center) / self._spread if view is View.COUNTS else raw

    def _predictors(self, rows: Rows) -> Matrix:
        return np.hstack([self.view(View.COUNTS, rows), self.view(View.ONE_HOT, rows)])

    def _look_at_graphs(self, canonical: Architecture) -> Features:
        graphs = self.problem.space.graphs(canonical)
        return {
            View.PATHS: self._weigh_paths(graphs),
            View.COUNTS: _counts(graphs, self.problem.space.node_kinds),
        }

    def _append(
        self, choices: dict[str, Choice], architecture: Architecture, features: Features
    ) -> None:
        row = len(self)
        for view, vector in features.items():
            matrix = self._raw.get(view)
            if matrix is None:
                matrix = np.zeros((_FIRST_LENGTH, len(vector)), np.float32)
            elif row == len(matrix):
                matrix = np.concatenate([matrix, np.zeros_like(matrix)])
            matrix[row] = vector
            self._raw[view] = matrix
        self._row[answers_in_order(self.decisions, choices)] = row
        self.choices.append(choices)
        candidate = self.problem.identity(architecture, choices)
        self.candidates.append(self._first.setdefault(candidate, row))

    def _weigh_paths(self, graphs: Sequence[Graph]) -> NDArray[np.float32]:
        """Mark the paths through each graph; a longer one, which says less by itself, by less."""
        vector = np.zeros(PATH_COLUMNS, np.float32)
        for number, graph in enumerate(graphs):
            for path in sorted(paths(graph)):
                column = self._path_column(f"{number}/{'/'.join(path)}")
                vector[column] = max(vector[column], max(len(path) - 1, 1) ** -0.5)
        return vector

    def _path_column(self, path: str) -> int:
        """Return a path's column: its own in a whole space, whose paths are few, else a hash.

        A hash does not depend on what was looked at before, as a table made anew has not.
        """
        if not self.is_whole or len(self._path_columns) == PATH_COLUMNS:
            return zlib.crc32(path.encode()) % PATH_COLUMNS
        return self._path_columns.setdefault(path, len(self._path_columns))


@lru_cache(maxsize=4)
def whole_space(problem: SearchProblem, proxy: str | None = None) -> FeatureTable | None:
    """Return the table with a row for every architecture of a small space, else None.

    It is kept for the next sampler on the same problem.
    """
    if problem.size > LARGEST_ENUMERATED:
        return None
    return FeatureTable(problem, proxy, is_whole=True)


def _counts(graphs: Sequence[Graph], kinds: Sequence[str]) -> NDArray[np.float32]:
    """Count each graph's nodes by kind, its edges, the longest way through it and all ways."""
    return np.array([value for graph in graphs for value in _shape(graph, kinds)], np.float32)


def _shape(graph: Graph, kinds: Sequence[str]) -> list[float]:
    ways: list[int] = []
    for sources in graph.predecessors():
        ways.append(sum(ways[source] for source in sources) or 1)
    present = [node.kind for node in graph.nodes]
    return [
        *(float(present.count(kind)) for kind in kinds),
        float(len(graph.edges)),
        float(max(graph.depths())),
        float(np.log1p(max(ways))),
    ]
