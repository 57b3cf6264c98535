from __future__ import annotations

from search_spaces.graph import Graph, Node
from search_spaces.svg.folding import LONGEST_UNFOLDED, fold


def chain(*texts, skips=()):
    edges = tuple(sorted({*((n, n + 1) for n in range(len(texts) - 1)), *skips}))
    return Graph("g", tuple(Node(text, text) for text in texts), edges)


def test_run_of_equal_steps_becomes_one_node():
    folded = fold(chain("image", *["conv"] * 30, "pool", *["conv"] * 5))
    assert [(n.text, n.repeats) for n in folded.nodes] == [
        ("image", 1),
        ("conv", 30),
        ("pool", 1),
        ("conv", 5),
    ]
    assert folded.edges == ((0, 1), (1, 2), (2, 3))


def test_step_from_which_something_branches_off_ends_a_run():
    folded = fold(chain("image", *["conv"] * 30, "end", skips=[(10, 20)]))
    assert [n.repeats for n in folded.nodes] == [1, 10, 9, 11, 1]
    assert folded.edges == ((0, 1), (1, 2), (1, 3), (2, 3), (3, 4))


def test_short_graph_is_drawn_in_full():
    graph = chain(*["conv"] * LONGEST_UNFOLDED)
    assert fold(graph) is graph
