"""Boxes and edges of one graph in pixels, from the top down.

Within a row edges run straight down, in lanes or in and out of boxes; they only bend between
rows, where there are no boxes. So no edge runs through a box.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from search_spaces.graph import Graph, Node
from search_spaces.svg.layers import Layers, layer
from search_spaces.svg.ordering import order
from search_spaces.svg.positions import place_horizontally
from search_spaces.svg.text import text_width, wrap

FONT_SIZE = 13.0
LINE_HEIGHT = 17.0
SHORTCUT_ABOVE, SHORTCUT_BELOW = 14.0, 30.0
SHORTCUT_REACH = 16.0
CARD_STEP = 4.0
"""Repeated steps look like a stack of cards, each so far from the next."""

_TEXT_WIDTH = 230.0
_PADDING_X, _PADDING_Y = 14.0, 9.0
_SMALLEST_WIDTH = 72.0
_LANE_WIDTH = 6.0
_GAP_X, _GAP_Y = 14.0, 40.0
_PORT_DISTANCE = 14.0


@dataclass(frozen=True, slots=True)
class Box:
    """A node's rectangle and the lines in it."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]

    @property
    def centre(self) -> float:
        """The middle of its width."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge as vertical pieces `(x, top, bottom)`, to be joined by curves."""

    source: int
    target: int
    pieces: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A graph laid out in `width` x `height` pixels; boxes stand in the order of its nodes."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def lay_out(graph: Graph) -> Layout:
    """Lay a graph out."""
    layers = layer(graph)
    rows = order(layers)
    lines = [_lines(node) for node in graph.nodes]
    sizes = [(_box_width(each), 2 * _PADDING_Y + LINE_HEIGHT * len(each) - 4) for each in lines]
    vertices = [vertex for row in rows for vertex in row]
    widths = {
        v: _LANE_WIDTH if v in layers.lanes else sizes[v][0] + 2 * _side(graph.nodes[v])
        for v in vertices
    }
    centres = place_horizontally(layers, rows, widths, _GAP_X)
    gaps = _gaps(layers, rows, centres)
    spans, y = [], 0.0
    for row, gap in zip(rows, gaps, strict=True):
        inside = [v for v in row if v not in layers.lanes]
        height = max((_outer_height(graph.nodes[v], sizes[v][1]) for v in inside), default=0.0)
        spans.append((y, y + height))
        y += height + gap
    boxes: dict[int, Box] = {}
    for row, (top, bottom) in zip(rows, spans, strict=True):
        for vertex in row:
            if vertex in layers.lanes:
                continue
            node, (width, height) = graph.nodes[vertex], sizes[vertex]
            at = (top + bottom - _outer_height(node, height)) / 2
            at += SHORTCUT_ABOVE * node.has_shortcut
            boxes[vertex] = Box(node, centres[vertex] - width / 2, at, width, height, lines[vertex])
    ordered = tuple(boxes[node] for node in range(len(graph.nodes)))
    edges = _edges(graph, layers, rows, spans, centres, ordered)
    right = max(centres[v] + widths[v] / 2 for v in vertices)
    return Layout(right, spans[-1][1], ordered, edges)


def _gaps(
    layers: Layers, rows: tuple[tuple[int, ...], ...], centres: dict[int, float]
) -> list[float]:
    """Return the room below each row: more where edges go far to the side."""
    row_of = {vertex: number for number, row in enumerate(rows) for vertex in row}
    farthest = [0.0] * len(rows)
    for upper, lower in layers.links:
        aside = abs(centres[upper] - centres[lower])
        farthest[row_of[upper]] = max(farthest[row_of[upper]], aside)
    return [_GAP_Y + min(_GAP_Y, 0.1 * max(0.0, aside - 100)) for aside in farthest]


def _lines(node: Node) -> tuple[str, ...]:
    text = f"{node.repeats} × {node.text}" if node.repeats > 1 else node.text
    return tuple(wrap(text, FONT_SIZE, _TEXT_WIDTH))


def _box_width(lines: tuple[str, ...]) -> float:
    widest = max(text_width(line, FONT_SIZE) for line in lines)
    return max(_SMALLEST_WIDTH, widest + 2 * _PADDING_X)


def _side(node: Node) -> float:
    """Return the room that a node's cards and shortcut take on each side of its box."""
    return 2 * CARD_STEP * (node.repeats > 1) + (SHORTCUT_REACH + 4) * node.has_shortcut


def _outer_height(node: Node, height: float) -> float:
    cards = 2 * CARD_STEP * (node.repeats > 1)
    if node.has_shortcut:
        return height + SHORTCUT_ABOVE + max(SHORTCUT_BELOW, cards)
    return height + 2 * cards


def _edges(
    graph: Graph,
    layers: Layers,
    rows: tuple[tuple[int, ...], ...],
    spans: list[tuple[float, float]],
    centres: dict[int, float],
    boxes: tuple[Box, ...],
) -> tuple[Edge, ...]:
    row_of = {vertex: number for number, row in enumerate(rows) for vertex in row}
    ports = _ports(layers, centres, boxes)
    edges = []
    for (source, target), route in zip(graph.edges, layers.routes, strict=True):
        start, end = boxes[source], boxes[target]
        below = SHORTCUT_BELOW * start.node.has_shortcut
        above = SHORTCUT_ABOVE * end.node.has_shortcut
        pieces = [
            (start.centre, start.y + start.height + below, spans[row_of[source]][1]),
            *((centres[v], *spans[row_of[v]]) for v in route[1:-1]),
            (ports[source, target], spans[row_of[target]][0], end.y - above),
        ]
        edges.append(Edge(source, target, tuple(pieces)))
    return tuple(edges)


def _ports(
    layers: Layers, centres: dict[int, float], boxes: tuple[Box, ...]
) -> dict[tuple[int, int], float]:
    """Return where each edge enters its target, side by side in the order they come from."""
    coming: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for route in layers.routes:
        coming[route[-1]].append(route)
    ports = {}
    for target, routes in coming.items():
        routes.sort(key=lambda route: centres[route[-2]])
        room = 0.0 if boxes[target].node.has_shortcut else boxes[target].width - 24
        step = min(_PORT_DISTANCE, room / max(1, len(routes) - 1))
        for number, route in enumerate(routes):
            at = boxes[target].centre + step * (number - (len(routes) - 1) / 2)
            ports[route[0], target] = at
    return ports
