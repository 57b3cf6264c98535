"""Runs of equal steps in a long graph as one node that says how often it repeats."""

from __future__ import annotations

from dataclasses import replace

from search_spaces.graph import Graph, Node

LONGEST_UNFOLDED = 24
"""Graphs of up to so many nodes are drawn in full."""


def fold(graph: Graph) -> Graph:
    """Merge equal neighbours along which nothing branches off, if the graph is long."""
    if len(graph.nodes) <= LONGEST_UNFOLDED:
        return graph
    predecessors, successors = graph.predecessors(), graph.successors()
    merged = [0] * len(graph.nodes)  # the new number of each node
    nodes: list[Node] = []
    for number, node in enumerate(graph.nodes):
        before = predecessors[number]
        if len(before) == 1 and len(successors[before[0]]) == 1:
            last = nodes[merged[before[0]]]
            if replace(last, repeats=node.repeats) == node:
                merged[number] = merged[before[0]]
                nodes[merged[number]] = replace(last, repeats=last.repeats + node.repeats)
                continue
        merged[number] = len(nodes)
        nodes.append(node)
    edges = dict.fromkeys((merged[source], merged[target]) for source, target in graph.edges)
    return Graph(graph.name, tuple(nodes), tuple(e for e in edges if e[0] != e[1]))
