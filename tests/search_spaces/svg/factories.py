"""Architectures of every space, and any graphs at all, to be drawn."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st

from search_spaces import create_space, spaces
from search_spaces.case_studies import case_studies
from search_spaces.graph import Graph, Node

SAMPLES = 15


@cache
def pictures_of_everything() -> dict[str, tuple[Graph, ...]]:
    """Return what is drawn of each case study and of samples of every space, by a name."""
    found = {
        name: spaces()[study.architecture.space].pictures(study.architecture)
        for name, study in case_studies().items()
    }
    for name in spaces():
        space, rng = create_space(name), np.random.default_rng(0)
        for number in range(SAMPLES):
            found[f"{name} {number}"] = space.pictures(space.sample(rng))
    return found


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 14) -> Graph:
    """Draw a graph of any shape, whose texts may hold any character."""
    count = draw(st.integers(1, max_nodes))
    nodes = tuple(
        Node(
            draw(st.sampled_from(["conv_3x3", "max_pool", "add", "other"])),
            draw(st.text(max_size=60)),
            draw(st.sampled_from([1, 1, 36])),
            draw(st.booleans()),
        )
        for _ in range(count)
    )
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return Graph(draw(st.text(max_size=20)), nodes, tuple(sorted(edges)))
