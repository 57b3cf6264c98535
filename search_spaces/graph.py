"""An architecture as directed graphs: what encodings and drawings are made from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A step of the computation; `kind` says what it is to a model, `text` to a person.

    A drawing may fold `repeats` equal steps into one node, each with a shortcut around it where
    `has_shortcut`.
    """

    kind: str
    text: str
    repeats: int = 1
    has_shortcut: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which they can be computed, and edges `(from, to)`.

    Nodes without an edge into them are inputs, nodes without one out of them outputs.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        for source, target in self.edges:
            if not 0 <= source < target < len(self.nodes):
                raise ValueError(
                    f"graph {self.name!r}: edge {source} -> {target} does not run forward among "
                    f"{len(self.nodes)} nodes"
                )

    def successors(self) -> tuple[tuple[int, ...], ...]:
        """Return, for each node, the nodes that take its output."""
        taken: list[list[int]] = [[] for _ in self.nodes]
        for source, target in self.edges:
            taken[source].append(target)
        return tuple(tuple(targets) for targets in taken)

    def depths(self) -> tuple[int, ...]:
        """Return, for each node, the edges of the longest way to it from an input."""
        depths: list[int] = []
        for sources in self.predecessors():
            depths.append(1 + max((depths[source] for source in sources), default=-1))
        return tuple(depths)

    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """Return, for each node, the nodes whose output it takes."""
        given: list[list[int]] = [[] for _ in self.nodes]
        for source, target in self.edges:
            given[target].append(source)
        return tuple(tuple(sources) for sources in given)
