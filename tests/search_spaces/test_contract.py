"""What every search space promises, run over every registered one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from search_spaces import (
    Encoding,
    active_decisions,
    build,
    create_space,
    draw,
    parse_architecture,
    spaces,
)
from search_spaces.analysis import analyze
from search_spaces.cell.operations import OPERATIONS
from search_spaces.graph import Graph
from search_spaces.registry import AnySpace
from search_spaces.stages.options import StagesOptions

SMALL_OPTIONS: dict[str, dict[str, object]] = {
    "cell": {"blocks": 3, "filters": 4},
    "stages": StagesOptions.suggested((3, 8, 8)).model_dump(),
    "chain": {
        "layers": 4,
        "filter_heights": [1, 3],
        "filters": [4, 6],
        "strides": [1, 2, 3],
        "pools": ["none", "max"],
    },
    "nasbench201": {"cells": 1, "filters": 4},
}
"""Options under which a space's networks are small enough to run in a test."""

PUBLISHED_CELLS: dict[str, object] = {
    "blocks": 3,
    "filters": 8,
    "operations": [*OPERATIONS, "none"],
    "normal_concatenate": "all",
    "reduction_concatenate": [2, 4],
    "layout": {
        "stem": "imagenet",
        "raw_stem": True,
        "bypass_reductions": True,
        "last_projections": 2,
        "later_stacks": [2],
        "padding": "end",
        "batch_norm": {"eps": 1e-3},
        "drop_path": 0.2,
    },
}
"""Options of a cell space with all that published cells need."""

CASES: dict[str, tuple[str, dict[str, object] | None]] = {
    **{name: (name, SMALL_OPTIONS.get(name)) for name in sorted(spaces())},
    "cell, as published": ("cell", PUBLISHED_CELLS),
}
"""Spaces to test, by a name for people."""

SHAPE = (3, 8, 8)


@pytest.fixture(params=CASES)
def space(request: pytest.FixtureRequest) -> AnySpace:
    return create_space(*CASES[request.param])


def samples(space: AnySpace, count: int = 20):
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(count)]


def test_architecture_is_its_choices_and_its_json(space):
    for architecture in samples(space):
        assert space.architecture(space.choices(architecture)) == architecture
        parsed = parse_architecture(architecture.model_dump_json())
        assert parsed == architecture
        assert parsed.content_hash == architecture.content_hash


def test_canonical_form_is_a_fixed_point_with_the_same_hash(space):
    for architecture in samples(space):
        canonical = architecture.canonical()
        assert canonical.canonical() == canonical
        assert canonical.content_hash == architecture.content_hash


def test_conditions_name_earlier_decisions_and_choices_are_of_one_type(space):
    seen: dict[str, tuple[object, ...]] = {}
    for decision in space.decisions:
        assert decision.choices, decision.name
        assert len(set(decision.choices)) == len(decision.choices)
        assert len({type(choice) for choice in decision.choices}) == 1, decision.name
        for condition in decision.conditions:
            assert condition.values <= set(seen[condition.decision])
        assert decision.name not in seen
        seen[decision.name] = decision.choices


def test_mutant_differs_in_an_answer_and_a_child_mixes_its_parents(space):
    rng = np.random.default_rng(1)
    population = samples(space)
    for first, second in zip(population[::2], population[1::2], strict=True):
        mutant = space.mutate(first, rng)
        assert space.choices(mutant) != space.choices(first)
        parents = space.choices(first), space.choices(second)
        child = space.choices(space.crossover(first, second, rng))
        inherited = [
            name for name, answer in child.items() if answer in [p.get(name) for p in parents]
        ]
        assert inherited
        assert space.crossover(first, first, rng) == first


def test_neighbours_differ_in_one_decision_that_arises_in_both(space):
    architecture = samples(space, 1)[0]
    chosen = space.choices(architecture)
    count = sum(len(d.choices) - 1 for d in active_decisions(space.decisions, chosen))
    found = list(space.neighbours(architecture))
    assert len(found) == count
    for each in found[:50]:
        other = space.choices(each)
        common = chosen.keys() & other.keys()
        assert sum(chosen[name] != other[name] for name in common) >= 1


def test_encodings_have_one_length_and_agree_for_equal_networks(space):
    for encoding in Encoding:
        vectors = [space.encode(a, encoding) for a in samples(space)]
        assert len({v.shape for v in vectors}) == 1
        assert all(v.dtype == np.float32 and v.ndim == 1 for v in vectors)
        assert len({v.tobytes() for v in vectors}) > 1
    for architecture in samples(space):
        for encoding in (Encoding.PATH, Encoding.ADJACENCY):
            canonical = space.encode(architecture.canonical(), encoding)
            assert np.array_equal(space.encode(architecture, encoding), canonical)


def test_graphs_fit_the_kinds_and_the_number_of_nodes_named(space):
    for architecture in samples(space):
        graphs = space.graphs(architecture)
        assert all(isinstance(graph, Graph) for graph in graphs)
        assert max(len(graph.nodes) for graph in graphs) <= space.max_nodes
        kinds = {node.kind for graph in graphs for node in graph.nodes}
        assert kinds <= set(space.node_kinds)


def test_size_counts_all_answers(space):
    assert space.size >= 1
    if space.size < 50_000:
        assert space.size == sum(1 for _ in every_answer(space))


def every_answer(space, chosen=None, position=0):
    chosen = chosen or {}
    for index in range(position, len(space.decisions)):
        decision = space.decisions[index]
        if decision.is_active(chosen):
            for choice in decision.choices:
                yield from every_answer(space, {**chosen, decision.name: choice}, index + 1)
            return
    yield chosen


@pytest.mark.parametrize("index", range(3))
def test_network_trains_and_is_as_large_as_analysed(space, index):
    architecture = samples(space)[index]
    torch.manual_seed(0)
    network = build(architecture, SHAPE, 10)
    analysis = analyze(architecture, SHAPE, 10)
    assert analysis.params == sum(p.numel() for p in network.parameters())
    logits = network.train()(torch.rand(4, *SHAPE))
    assert logits.shape == (4, 10)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_drawing_is_text_of_several_lines(space):
    text = draw(samples(space, 1)[0])
    assert len(text.splitlines()) > 1
