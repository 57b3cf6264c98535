"""The SVG text: well formed, complete, accessible, and the same each time."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings

from search_spaces import create_space, draw_svg, spaces
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.graph import Graph, Node
from search_spaces.svg import draw_graphs
from search_spaces.svg.colours import BACKGROUND, EDGE, TEXT, colour_of
from search_spaces.svg.folding import fold
from tests.search_spaces.svg.factories import graphs, pictures_of_everything

SVG = "{http://www.w3.org/2000/svg}"
EVERYTHING = pictures_of_everything()


def groups(drawing, kind):
    return [g for g in ET.fromstring(drawing).iter(f"{SVG}g") if g.get("class") == kind]


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_node_and_edge_is_drawn(name):
    pictures = EVERYTHING[name]
    drawing = draw_graphs(pictures, name)
    folded = [fold(graph) for graph in pictures]
    nodes = {g.get("data-node") for g in groups(drawing, "node")}
    edges = {g.get("data-edge") for g in groups(drawing, "edge")}
    assert nodes == {f"{n}-{i}" for n, graph in enumerate(folded) for i in range(len(graph.nodes))}
    assert edges == {f"{n}-{a}-{b}" for n, graph in enumerate(folded) for a, b in graph.edges}
    for graph, whole in zip(folded, pictures, strict=True):
        steps = sum(node.repeats for node in whole.nodes)
        assert sum(node.repeats for node in graph.nodes) == steps


@given(graphs(), graphs())
@settings(max_examples=40)
def test_any_text_is_escaped_and_every_group_has_a_title(one, other):
    drawing = draw_graphs((one, other), "<b>&\x00")
    root = ET.fromstring(drawing)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "<b>&\N{REPLACEMENT CHARACTER}"
    for kind in ("node", "edge"):
        for group in groups(drawing, kind):
            assert group[0].tag == f"{SVG}title"
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "g", "rect", "path", "polygon", "circle", "text")
    }


def test_text_that_looks_like_markup_is_shown_as_it_is():
    drawing = draw_graphs((Graph("g", (Node("conv", "<script>"),), ()),), "t")
    assert "<script" not in drawing
    (node,) = groups(drawing, "node")
    assert node.find(f"{SVG}text").text == "<script>"


@pytest.mark.parametrize("space", sorted(spaces()))
def test_same_architecture_gives_the_same_drawing(space):
    architecture = create_space(space).sample(np.random.default_rng(3))
    assert draw_svg(architecture) == draw_svg(architecture)
    assert len(groups(draw_svg(architecture), "graph")) == len(
        spaces()[space].pictures(architecture)
    )


def test_deep_residual_network_is_one_box_for_each_stage():
    drawing = draw_svg(find_or_raise_case_study("resnet-152").architecture)
    titles = [g[0].text for g in groups(drawing, "node")]
    assert len(titles) == 7
    assert (
        "36 times bottleneck 3x3, 256 → 1024; the first with stride 2, a shortcut around each"
        in (titles)
    )
    shortcuts = [p for p in ET.fromstring(drawing).iter(f"{SVG}path") if p.get("class")]
    assert len(shortcuts) == 4


def test_inverted_residual_has_a_shortcut_only_where_the_shape_stays():
    (picture,) = EVERYTHING["mobilenet-v2"]
    blocks = [n for n in picture.nodes if n.kind == "mbconv"]
    assert [(b.repeats, b.has_shortcut) for b in blocks[:5]] == [
        (1, False),  # 32 to 16 channels
        (1, False),  # stride 2
        (1, True),
        (1, False),
        (2, True),
    ]
    assert sum(b.repeats for b in blocks) == 17


def test_dense_stage_pools_before_its_layers_and_compresses_behind_them():
    (picture,) = EVERYTHING["densenet-121"]
    assert [(node.text, node.repeats) for node in picture.nodes[2:6]] == [
        ("dense layer 3x3, 32 more each", 6),
        ("transition: conv 1x1 → 128", 1),
        ("average pool 2x2 / 2", 1),
        ("dense layer 3x3, 32 more each", 12),
    ]


def test_auxiliary_heads_branch_off_where_they_are():
    (picture,) = EVERYTHING["googlenet-aux"]
    auxiliary = [i for i, node in enumerate(picture.nodes) if node.kind == "auxiliary"]
    successors = picture.successors()
    assert len(auxiliary) == 2
    assert all(not successors[i] for i in auxiliary)
    assert sum(len(s) == 2 for s in successors) == 2


def luminance(colour):
    """Relative luminance (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_and_lines_can_be_told_from_what_is_behind_them():
    """WCAG 2.2 asks for 7 to 1 of text at level AAA (1.4.6), for 3 to 1 of graphics (1.4.11)."""
    kinds = {kind for name in spaces() for kind in create_space(name).node_kinds}
    for kind in kinds:
        assert contrast(TEXT, colour_of(kind).fill) > 7, kind
    assert contrast(EDGE, BACKGROUND) > 3


def test_operations_of_different_kinds_have_different_colours():
    kinds = ("conv_3x3", "separable_conv_3x3", "max_pool_3x3", "identity", "dense_layer", "add")
    assert len({colour_of(kind) for kind in kinds}) == len(kinds)
    assert colour_of("dense_layer") != colour_of("squeeze_excite")
    assert colour_of("3x3 conv, 36 filters, max pool") == colour_of("nor_conv_3x3")
