"""Boxes do not overlap, edges avoid them, and text stays inside, whatever the graph."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings

from search_spaces.graph import Graph, Node
from search_spaces.svg.folding import fold
from search_spaces.svg.layout import FONT_SIZE, lay_out
from search_spaces.svg.text import text_width
from tests.search_spaces.svg.factories import graphs, pictures_of_everything

EVERYTHING = pictures_of_everything()


def check(graph):
    layout = lay_out(graph)
    assert len(layout.boxes) == len(graph.nodes)
    assert [(edge.source, edge.target) for edge in layout.edges] == list(graph.edges)
    for box in layout.boxes:
        assert box.x > -0.01
        assert box.x + box.width <= layout.width + 0.01
        assert box.y > -0.01
        assert box.y + box.height <= layout.height + 0.01
        assert all(text_width(line, FONT_SIZE) < box.width for line in box.lines)
        assert 17 * len(box.lines) < box.height + 5
    for one, other in combinations(layout.boxes, 2):
        assert (
            one.x + one.width < other.x
            or other.x + other.width < one.x
            or one.y + one.height < other.y
            or other.y + other.height < one.y
        )
    for edge in layout.edges:
        start, end = layout.boxes[edge.source], layout.boxes[edge.target]
        assert start.y < end.y
        for x, y in points(edge.pieces):
            for box in layout.boxes:
                aside = max(box.x - x, x - box.x - box.width)
                beyond = max(box.y - y, y - box.y - box.height)
                assert max(aside, beyond) > -0.01, (edge.source, edge.target, box.node)


def points(pieces):
    """Yield points along an edge: its vertical pieces, and the curves that join them."""
    for x, top, bottom in pieces:
        yield from ((x, top + (bottom - top) * part / 8) for part in range(9))
    for (x, _, y), (next_x, next_y, _) in pairwise(pieces):
        middle = (y + next_y) / 2
        for part in (number / 16 for number in range(17)):
            rest = 1 - part
            a, b, c, d = rest**3, 3 * rest**2 * part, 3 * rest * part**2, part**3
            yield (a + b) * x + (c + d) * next_x, a * y + (b + c) * middle + d * next_y


@pytest.mark.parametrize("name", EVERYTHING)
def test_architecture_is_laid_out_without_overlaps(name):
    for graph in EVERYTHING[name]:
        check(fold(graph))


@given(graphs())
@settings(max_examples=60)
def test_any_graph_is_laid_out_without_overlaps(graph):
    check(graph)


def test_inputs_are_at_the_top_and_what_takes_them_below():
    """0 feeds 1, 1 feeds 2; 2 also takes 0 past the row of 1."""
    graph = Graph("g", tuple(Node("conv", f"node {n}") for n in range(3)), ((0, 1), (0, 2), (1, 2)))
    layout = lay_out(graph)
    top, middle, bottom = layout.boxes
    assert top.y == 0
    assert top.y + top.height < middle.y
    assert middle.y + middle.height < bottom.y
    direct, skip, _ = layout.edges
    assert len(direct.pieces) == 2
    lane = skip.pieces[1][0]
    assert len(skip.pieces) == 3
    assert not middle.x <= lane <= middle.x + middle.width


def test_crossing_that_can_be_avoided_is():
    """Two chains side by side, listed in opposite order in each row."""
    nodes = tuple(Node("conv", str(number)) for number in range(6))
    layout = lay_out(Graph("g", nodes, ((0, 3), (1, 2), (2, 5), (3, 4))))
    left, right = (0, 3, 4), (1, 2, 5)
    if layout.boxes[0].x > layout.boxes[1].x:
        left, right = right, left
    for one, other in zip(left, right, strict=True):
        assert layout.boxes[one].y == layout.boxes[other].y
        assert layout.boxes[one].x < layout.boxes[other].x


def test_only_longest_path_is_straight():
    nodes = tuple(Node("conv", text) for text in ("a", "side", "long text of b", "c", "d"))
    layout = lay_out(Graph("g", nodes, ((0, 1), (0, 2), (2, 3), (3, 4))))
    column = [layout.boxes[number].centre for number in (0, 2, 3, 4)]
    assert max(column) - min(column) < 6
    assert abs(layout.boxes[1].centre - column[0]) > 40
