"""Graphs written as one SVG document, each under its name, with titles for screen readers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from search_spaces.graph import Graph
from search_spaces.svg import colours
from search_spaces.svg.folding import fold
from search_spaces.svg.layout import (
    CARD_STEP,
    FONT_SIZE,
    LINE_HEIGHT,
    SHORTCUT_ABOVE,
    SHORTCUT_BELOW,
    SHORTCUT_REACH,
    Box,
    Edge,
    Layout,
    lay_out,
)
from search_spaces.svg.text import FONT_FAMILY, text_width

_MARGIN = 24.0
_BETWEEN = 48.0
_HEADING_SIZE = 15.0
_HEADING_HEIGHT = 34.0
_WIDEST_ROW = 1500.0
"""Graphs stand side by side up to this width, else below each other."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped (section 2.2)."""


def draw_graphs(graphs: Sequence[Graph], title: str) -> str:
    """Draw graphs as an SVG document that shows itself to screen readers as `title`.

    The same graphs give the same text.
    """
    folded = [fold(graph) for graph in graphs]
    layouts = [lay_out(graph) for graph in folded]
    heading = _HEADING_HEIGHT if len(graphs) > 1 else 0.0
    sizes = [
        (max(layout.width, text_width(graph.name, _HEADING_SIZE) * 1.1), layout.height + heading)
        for graph, layout in zip(folded, layouts, strict=True)
    ]
    across = sum(width for width, _ in sizes) + _BETWEEN * (len(sizes) - 1)
    side_by_side = across <= _WIDEST_ROW
    width = across if side_by_side else max(width for width, _ in sizes)
    height = (
        max(height for _, height in sizes)
        if side_by_side
        else sum(height for _, height in sizes) + _BETWEEN * (len(sizes) - 1)
    )
    root = _start(width + 2 * _MARGIN, height + 2 * _MARGIN, title)
    x = y = _MARGIN
    for number, (graph, layout) in enumerate(zip(folded, layouts, strict=True)):
        group = ET.SubElement(root, "g", transform=f"translate({_n(x)} {_n(y)})")
        group.set("class", "graph")
        if heading:
            _text(group, graph.name, 0, _HEADING_SIZE, size=_HEADING_SIZE, weight="bold")
        inner = ET.SubElement(group, "g", transform=f"translate(0 {_n(heading)})")
        _draw(inner, number, graph, layout)
        if side_by_side:
            x += sizes[number][0] + _BETWEEN
        else:
            y += sizes[number][1] + _BETWEEN
    return ET.tostring(root, encoding="unicode") + "\n"


def _start(width: float, height: float, title: str) -> ET.Element:
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": _n(width),
            "height": _n(height),
            "viewBox": f"0 0 {_n(width)} {_n(height)}",
            "role": "img",
            "font-family": FONT_FAMILY,
            "font-size": _n(FONT_SIZE),
        },
    )
    ET.SubElement(root, "title").text = _clean(title)
    ET.SubElement(
        root,
        "rect",
        x="0.5",
        y="0.5",
        width=_n(width - 1),
        height=_n(height - 1),
        rx="10",
        fill=colours.BACKGROUND,
        stroke=colours.FRAME,
    )
    return root


def _draw(group: ET.Element, number: int, graph: Graph, layout: Layout) -> None:
    for edge in layout.edges:
        ends = [graph.nodes[node] for node in (edge.source, edge.target)]
        drawn = ET.SubElement(group, "g", {"class": "edge"})
        drawn.set("data-edge", f"{number}-{edge.source}-{edge.target}")
        ET.SubElement(drawn, "title").text = _clean(" to ".join(node.text for node in ends))
        _draw_edge(drawn, edge, has_head=not ends[1].has_shortcut)
    for position, box in enumerate(layout.boxes):
        _draw_box(group, box, f"{number}-{position}")


def _draw_edge(group: ET.Element, edge: Edge, *, has_head: bool) -> None:
    x, top, bottom = edge.pieces[0]
    path = f"M{_n(x)} {_n(top)}V{_n(bottom)}"
    for next_x, next_top, next_bottom in edge.pieces[1:]:
        middle = _n((bottom + next_top) / 2)
        path += f"C{_n(x)} {middle} {_n(next_x)} {middle} {_n(next_x)} {_n(next_top)}"
        x, bottom = next_x, next_bottom
        path += f"V{_n(bottom)}"
    line = ET.SubElement(group, "path", d=path, fill="none", stroke=colours.EDGE)
    line.set("stroke-width", "1.4")
    if has_head:
        _arrow_head(group, x, bottom)


def _draw_box(group: ET.Element, box: Box, name: str) -> None:
    node, colour = box.node, colours.colour_of(box.node.kind)
    drawn = ET.SubElement(group, "g", {"class": "node", "data-node": name})
    ET.SubElement(drawn, "title").text = _clean(_description(box))
    if node.has_shortcut:
        _draw_shortcut(drawn, box)
    for card in (2, 1, 0) if node.repeats > 1 else (0,):
        rect = ET.SubElement(
            drawn,
            "rect",
            x=_n(box.x + CARD_STEP * card),
            y=_n(box.y + CARD_STEP * card),
            width=_n(box.width),
            height=_n(box.height),
            rx="8",
            fill=colour.fill,
            stroke=colour.line,
        )
        rect.set("class", "card" if card else "box")
    first = box.y + (box.height - LINE_HEIGHT * (len(box.lines) - 1)) / 2 + 0.35 * FONT_SIZE
    for number, line in enumerate(box.lines):
        _text(drawn, line, box.centre, first + LINE_HEIGHT * number, anchor="middle")


def _draw_shortcut(group: ET.Element, box: Box) -> None:
    """Draw an arc beside the box, from above it to a sum below it."""
    radius, top, bottom = 7.0, box.y - SHORTCUT_ABOVE, box.y + box.height
    side = box.x + box.width + 2 * CARD_STEP * (box.node.repeats > 1) + SHORTCUT_REACH
    x, plus = box.centre, bottom + SHORTCUT_BELOW - radius - 1
    stroke = {"fill": "none", "stroke": colours.EDGE, "stroke-width": "1.4"}
    corner = 8.0
    arc = (
        f"M{_n(x)} {_n(top)}H{_n(side - corner)}Q{_n(side)} {_n(top)} {_n(side)} "
        f"{_n(top + corner)}V{_n(plus - corner)}Q{_n(side)} {_n(plus)} {_n(side - corner)} "
        f"{_n(plus)}H{_n(x + radius)}"
    )
    ET.SubElement(group, "path", {"class": "shortcut", "d": arc, **stroke})
    through = f"M{_n(x)} {_n(top)}V{_n(box.y)}M{_n(x)} {_n(bottom)}V{_n(plus - radius)}"
    ET.SubElement(group, "path", {"d": through, **stroke})
    _arrow_head(group, x, box.y)
    ET.SubElement(
        group,
        "circle",
        {"cx": _n(x), "cy": _n(plus), "r": _n(radius), **stroke, "fill": colours.BACKGROUND},
    )
    sign = f"M{_n(x - 4)} {_n(plus)}h8M{_n(x)} {_n(plus - 4)}v8"
    ET.SubElement(group, "path", {"d": sign, **stroke})


def _description(box: Box) -> str:
    text = " ".join(box.node.text.split())
    if box.node.repeats > 1:
        text = f"{box.node.repeats} times {text}"
    return f"{text}, a shortcut around each" if box.node.has_shortcut else text


def _arrow_head(group: ET.Element, x: float, y: float) -> None:
    points = f"{_n(x)},{_n(y)} {_n(x - 3.8)},{_n(y - 7.5)} {_n(x + 3.8)},{_n(y - 7.5)}"
    ET.SubElement(group, "polygon", points=points, fill=colours.EDGE)


def _text(
    group: ET.Element,
    content: str,
    x: float,
    y: float,
    *,
    size: float = FONT_SIZE,
    anchor: str = "start",
    weight: str = "normal",
) -> None:
    text = ET.SubElement(group, "text", x=_n(x), y=_n(y), fill=colours.TEXT)
    text.set("text-anchor", anchor)
    text.set("font-size", _n(size))
    text.set("font-weight", weight)
    text.text = _clean(content)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _n(value: float) -> str:
    """Write a number of pixels, to a tenth."""
    return f"{round(value, 1):g}" if abs(value) < 1e5 else str(round(value))
