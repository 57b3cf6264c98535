"""Architectures as vectors for models to learn from.

White, Neiswanger, Nolen, Savani: A Study on Encodings for Neural Architecture Search, NeurIPS
2020, https://arxiv.org/abs/2007.04965: adjacency matrices (section 3), and paths from a cell's
input to its output (White, Neiswanger, Savani: BANANAS, AAAI 2021).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from search_spaces.decisions import Choices, Decision
from search_spaces.graph import Graph

Vector = NDArray[np.float32]

PATH_FEATURES = 512
"""Paths are hashed into this many features per graph where they cannot be enumerated."""

LONGEST_PATH_COUNT = 20_000
"""Paths followed per graph, at most; beyond it a dense graph's rarest paths are left out."""


class Encoding(StrEnum):
    """How an architecture becomes a vector."""

    ONE_HOT = "one_hot"
    PATH = "path"
    ADJACENCY = "adjacency"


def one_hot(decisions: tuple[Decision, ...], chosen: Choices) -> Vector:
    """Mark each decision's answer; a decision that did not arise stays zero."""
    vector = np.zeros(sum(len(decision.choices) for decision in decisions), np.float32)
    start = 0
    for decision in decisions:
        if decision.name in chosen:
            vector[start + decision.choices.index(chosen[decision.name])] = 1
        start += len(decision.choices)
    return vector


def adjacency(graphs: Sequence[Graph], kinds: Sequence[str], nodes: int) -> Vector:
    """Write each graph's upper triangle and its nodes' kinds, padded to `nodes` nodes."""
    parts = []
    for graph in graphs:
        matrix = np.zeros((nodes, nodes), np.float32)
        for source, target in graph.edges:
            matrix[source, target] = 1
        labels = np.zeros((nodes, len(kinds)), np.float32)
        for position, node in enumerate(graph.nodes):
            labels[position, kinds.index(node.kind)] = 1
        parts += [matrix[np.triu_indices(nodes, k=1)], labels.ravel()]
    return np.concatenate(parts)


def paths(graph: Graph) -> set[tuple[str, ...]]:
    """Return the kinds along each path from an input to an output, both ends included."""
    successors = graph.successors()
    targets = {target for _, target in graph.edges}
    found: set[tuple[str, ...]] = set()
    pending: list[tuple[int, tuple[str, ...]]] = [
        (node, (graph.nodes[node].kind,)) for node in range(len(graph.nodes)) if node not in targets
    ]
    steps = 0
    while pending and steps < LONGEST_PATH_COUNT:
        steps += 1
        node, walked = pending.pop()
        if not successors[node]:
            found.add(walked)
        pending += [(after, (*walked, graph.nodes[after].kind)) for after in successors[node]]
    return found


def hashed_paths(graphs: Sequence[Graph]) -> Vector:
    """Mark the paths that occur in each graph, hashed into `PATH_FEATURES` features a graph."""
    vector = np.zeros(len(graphs) * PATH_FEATURES, np.float32)
    for number, graph in enumerate(graphs):
        for path in paths(graph):
            feature = zlib.crc32("/".join(path).encode()) % PATH_FEATURES
            vector[number * PATH_FEATURES + feature] = 1
    return vector
