"""The layers of a graph: which row each node is in, and the lanes of edges that pass rows.

Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical System Structures, IEEE
Transactions on Systems, Man, and Cybernetics 11(2), 1981: nodes in rows by their longest path, a
dummy vertex in every row that an edge passes. All edges out of one node share their dummies, so
that they run in one lane until they part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from search_spaces.graph import Graph


@dataclass(frozen=True, slots=True)
class Layers:
    """Vertices in rows, top row first; the graph's nodes by their numbers, dummies after them.

    `lanes` tells the source of each dummy; `routes` are the vertices that each of the graph's
    edges runs through, both ends included; `links` are their steps, each from a row to the next.
    """

    rows: tuple[tuple[int, ...], ...]
    lanes: Mapping[int, int]
    routes: tuple[tuple[int, ...], ...]
    links: tuple[tuple[int, int], ...]


def layer(graph: Graph) -> Layers:
    """Put every node into a row below those it takes, and add dummies."""
    row_of = _rows(graph)
    rows: list[list[int]] = [[] for _ in range(max(row_of) + 1)]
    for node, row in enumerate(row_of):
        rows[row].append(node)
    dummies: dict[tuple[int, int], int] = {}
    routes, links = [], {}
    for source, target in graph.edges:
        route = [source]
        for row in range(row_of[source] + 1, row_of[target]):
            if (source, row) not in dummies:
                dummies[source, row] = len(graph.nodes) + len(dummies)
                rows[row].append(dummies[source, row])
            route.append(dummies[source, row])
        route.append(target)
        routes.append(tuple(route))
        links.update(dict.fromkeys(pairwise(route)))
    lanes = {dummy: source for (source, _), dummy in dummies.items()}
    return Layers(tuple(map(tuple, rows)), lanes, tuple(routes), tuple(links))


def _rows(graph: Graph) -> list[int]:
    """Return each node's row: as high as it can be, then moved down where that shortens edges."""
    before, after = graph.predecessors(), graph.successors()
    rows = list(graph.depths())
    for node in reversed(range(len(graph.nodes))):
        if 0 < len(before[node]) <= len(after[node]):
            rows[node] = min(rows[target] for target in after[node]) - 1
    last = max(*rows, 1) if len(rows) > 1 else 0
    for node in range(1, len(graph.nodes)):
        if not before[node] and not after[node]:  # an output that nothing reaches
            rows[node] = last
    return rows
