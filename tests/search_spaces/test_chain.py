from __future__ import annotations

import time
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import (
    InvalidArchitectureError,
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    build,
    create_space,
    draw,
    parse_architecture,
    standalone_source,
)
from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.chain.architecture import ChainArchitecture, Layer
from search_spaces.chain.network import concatenate

Rows = list[tuple[int, tuple[int, ...]]]
"""Filters and inputs of each layer."""

EVERY_CHOICE = {
    "layers": 4,
    "filter_heights": [1, 3],
    "filters": [3, 4],
    "strides": [1, 2, 3],
    "pools": ["none", "max"],
}


def chain_of(rows: Rows, **fields: object) -> ChainArchitecture:
    return ChainArchitecture(
        layers=tuple(
            Layer.model_validate(
                {"filter_height": 3, "filter_width": 1, "filters": filters, "inputs": inputs}
                | fields
            )
            for filters, inputs in rows
        )
    )


@st.composite
def chains(draw: st.DrawFn, max_layers: int = 5) -> ChainArchitecture:
    rows = [
        (draw(st.integers(1, 2)), tuple(s for s in range(number) if draw(st.booleans())))
        for number in range(draw(st.integers(1, max_layers)))
    ]
    return chain_of(rows)


def reordered(chain: ChainArchitecture, order: tuple[int, ...]) -> ChainArchitecture | None:
    """Write the layers in `order`; None where one would come before one it takes."""
    place = {old: new for new, old in enumerate(order)}
    layers = []
    for new, old in enumerate(order):
        inputs = sorted(place[source] for source in chain.layers[old].inputs)
        if inputs and inputs[-1] >= new:
            return None
        layers.append(chain.layers[old].model_copy(update={"inputs": tuple(inputs)}))
    return ChainArchitecture(layers=tuple(layers))


def every_order(chain: ChainArchitecture) -> set[ChainArchitecture]:
    orders = permutations(range(len(chain.layers)))
    return {found for order in orders if (found := reordered(chain, order)) is not None}


@given(chains(), chains())
def test_chains_share_a_canonical_form_exactly_if_one_is_a_reordering_of_the_other(one, other):
    assert {each.canonical() for each in every_order(one)} == {one.canonical()}
    assert one.canonical() in every_order(one)
    assert (one.canonical() == other.canonical()) == (other in every_order(one))


@given(st.data(), chains(max_layers=12))
def test_larger_chain_has_one_hash_however_it_is_ordered(data, chain):
    placed: list[int] = []
    while len(placed) < len(chain.layers):
        ready = [
            number
            for number, layer in enumerate(chain.layers)
            if number not in placed and set(layer.inputs) <= set(placed)
        ]
        placed.append(data.draw(st.sampled_from(ready)))
    other = reordered(chain, tuple(placed))
    assert other is not None
    assert other.content_hash == chain.content_hash
    assert chain.canonical().canonical() == chain.canonical()


@pytest.mark.parametrize("shuffled", [False, True])
def test_very_symmetric_chain_has_one_form_without_trying_all_its_orders(shuffled):
    """Twenty branches of two layers, which can be written in 40! / 2^20 orders."""
    chain = chain_of([(4, ())] * 20 + [(4, (number,)) for number in range(20)])
    order = [*range(20), *range(20, 40)]
    if shuffled:
        rng = np.random.default_rng(0)
        order = [*map(int, rng.permutation(20)), *map(int, 20 + rng.permutation(20))]
    other = reordered(chain, tuple(order))
    started = time.perf_counter()
    assert other is not None
    assert other.canonical() == chain.canonical() == chain.canonical().canonical()
    assert time.perf_counter() - started < 5


def test_reordered_chains_build_the_same_network():
    chain = chain_of([(2, ()), (3, ()), (4, (0,)), (5, (1, 2))])
    other = reordered(chain, (1, 0, 2, 3))
    assert other is not None and other != chain
    logits = []
    for each in (chain, other):
        torch.manual_seed(0)
        logits.append(build(each, (1, 8, 8), 3).eval()(torch.ones(1, 1, 8, 8)))
    assert torch.equal(*logits)


def test_size_is_the_one_counted_by_hand():
    """Three layers on a 1x8x8 image; the second halves the height, the third takes both."""
    chain = ChainArchitecture(
        layers=(
            Layer(filter_height=3, filter_width=5, filters=2),
            Layer(filter_height=1, filter_width=3, filters=4, stride_height=2, inputs=(0,)),
            Layer(filter_height=3, filter_width=3, filters=3, pool="max", inputs=(0, 1)),
        )
    )
    analysis = analyze(chain, (1, 8, 8), 10)
    first, second, third = 2 * 15, 2 * 4 * 3, 6 * 3 * 9
    assert analysis.params == first + second + third + 2 * (2 + 4 + 3) + 3 * 10 + 10
    assert analysis.macs == 64 * first + 32 * second + 64 * third + 30


def test_smaller_maps_are_padded_with_zeros_before_they_are_concatenated():
    large, small = torch.ones(1, 2, 4, 3), torch.full((1, 1, 2, 2), 5.0)
    joined = concatenate([small, large])
    assert joined.shape == (1, 3, 4, 3)
    assert torch.equal(joined[:, 1:], large)
    assert torch.equal(joined[:, :1, :2, :2], small)
    assert joined[:, 0].sum() == small.sum()


def test_classifier_takes_what_no_layer_takes():
    chain = chain_of([(2, ()), (3, (0,)), (5, (0,))])
    assert chain.unused_layers == (1, 2)
    assert build(chain, (1, 8, 8), 7).head[-1].weight.shape == (7, 8)


@settings(max_examples=25)
@given(st.data())
def test_every_chain_trains_on_every_image(data):
    space = create_space("chain", EVERY_CHOICE)
    architecture = space.sample(np.random.default_rng(data.draw(st.integers(0, 10**6))))
    shape = data.draw(
        st.tuples(st.sampled_from([1, 3]), st.integers(1, 17), st.integers(1, 17)), "shape"
    )
    network = build(architecture, shape, 3).train()
    logits = network(torch.rand(3, *shape))
    logits.sum().backward()
    assert logits.shape == (3, 3)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    built = sum(p.numel() for p in network.parameters())
    assert analyze(architecture, shape, 3).params == built


def test_decisions_are_the_papers_and_what_has_one_choice_is_not_asked():
    names = [decision.name for decision in create_space("chain", {"layers": 3}).decisions]
    fields = ("filter_height", "filter_width", "filters")
    assert names == [
        *(f"layer0.{field}" for field in fields),
        *(f"layer1.{field}" for field in fields),
        "layer1.skip0",
        *(f"layer2.{field}" for field in fields),
        "layer2.skip0",
        "layer2.skip1",
    ]
    assert create_space("chain", {"layers": 3}).size == (4 * 4 * 4) ** 3 * 2**3
    strided = create_space("chain", {"layers": 1, "strides": [1, 2, 3], "pools": ["none", "max"]})
    assert strided.size == 64 * 9 * 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"layers": 5}, "4 layers, the space 5"),
        ({"filters": [8]}, "layer0.filters=.*the space allows: 8"),
        ({"strides": [4]}, "layer0.stride_height=.*the space allows: 4"),
    ],
)
def test_chain_outside_the_options_is_no_point_of_the_space(change, named):
    architecture = create_space("chain", EVERY_CHOICE).sample(np.random.default_rng(0))
    with pytest.raises(InvalidDecisionsError, match=named):
        create_space("chain", EVERY_CHOICE | change).choices(architecture)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"layers": 0}, "layers"),
        ({"layers": 41}, "layers"),
        ({"filter_heights": [2]}, r"filter_heights\.0: got 2, allowed: odd"),
        ({"filters": [8, 8]}, "filters: .*each choice once"),
        ({"filters": []}, "filters"),
        ({"pools": ["average"]}, r"pools\.0"),
    ],
)
def test_wrong_option_is_refused_by_name(options, named):
    with pytest.raises(InvalidSpaceOptionsError, match=named):
        create_space("chain", options)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"inputs": [1]}, "architecture.layers: layer 1 takes layer 1, allowed: 0 to 0"),
        ({"inputs": [0, 0]}, r"layers\.1\.inputs: got \[0, 0\], allowed: each layer once"),
        ({"inputs": [-1]}, r"layers\.1\.inputs\.0"),
        ({"filter_height": 4}, r"layers\.1\.filter_height: got 4, allowed: odd"),
        ({"filter_width": 17}, r"layers\.1\.filter_width"),
        ({"filters": 10**9}, r"layers\.1\.filters"),
        ({"stride_width": 0}, r"layers\.1\.stride_width"),
        ({"pool": True}, r"layers\.1\.pool"),
        ({"padding": 1}, r"layers\.1\.padding"),
    ],
)
def test_wrong_layer_is_refused_by_name(row, named):
    data = chain_of([(2, ()), (3, (0,))]).model_dump(mode="json")
    data["layers"][1] |= row
    with pytest.raises(InvalidArchitectureError, match=named):
        parse_architecture(data)


def test_first_layer_can_only_take_the_image():
    data = chain_of([(2, ())]).model_dump(mode="json")
    data["layers"][0]["inputs"] = [0]
    with pytest.raises(InvalidArchitectureError, match="allowed: none, so that it takes the image"):
        parse_architecture(data)


def test_published_network_has_the_published_size_and_one_output():
    study = find_or_raise_case_study("nas-rl-v1")
    assert round(study.params / 1e6, 1) == 4.2
    assert len(study.architecture.layers) == 15
    assert study.architecture.unused_layers == (14,)


def test_drawing_shows_each_layer_with_what_it_takes():
    text = draw(chain_of([(2, ()), (3, (0,)), (5, (0,))], stride_width=2))
    lines = text.splitlines()
    assert lines[0].endswith("image") and "3x1 conv, 2 filters, stride 1x2" in lines[0]
    assert lines[-1].startswith("classifier") and lines[-1].endswith("1, 2")


def test_longest_chain_is_drawn_and_written_in_lines_that_fit():
    dense = chain_of([(2, tuple(range(number))) for number in range(40)])
    assert "◀─ 0 to 38\n" in draw(dense)
    source = standalone_source(dense, (3, 8, 8), 10)
    assert max(map(len, source.splitlines())) <= 100
    compile(source, "written", "exec")
