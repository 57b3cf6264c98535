from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import (
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    active_decisions,
    build,
    create_space,
    draw,
    parse_architecture,
)
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.layout import Layout
from search_spaces.cell.operations import DEFAULT_OPERATIONS, OPERATION_NAMES
from tests.search_spaces.strategies import (
    architecture_of,
    architectures,
    cell_of,
    concatenations,
    every_operation,
    laid_out_architectures,
    layouts,
)

SHAPES = [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 32, 32), (1, 7, 9), (3, 7, 9), (1, 1, 1)]


KNOWN = [
    (
        '{"space":"cell","normal":{"blocks":[{"inputs":[1,0],"operations":["dense_layer",'
        '"dense_layer"]},{"inputs":[1,1],"operations":["residual_bottleneck",'
        '"separable_conv_3x3"]},{"inputs":[3,1],"operations":["identity","separable_conv_5x5"]},'
        '{"inputs":[2,0],"operations":["separable_conv_5x5","identity"]}]},"reduction":'
        '{"blocks":[{"inputs":[0,0],"operations":["identity","average_pool_3x3"]},'
        '{"inputs":[0,2],"operations":["mbconv_3x3","conv_3x3"]},{"inputs":[1,1],"operations":'
        '["separable_conv_5x5","average_pool_3x3"]},{"inputs":[0,3],"operations":'
        '["max_pool_3x3","max_pool_3x3"]}]},"repeats":1,"filters":16}',
        "b8e38e83c0b3829d01a257cf525302e42f5a3b6e7046bf92c37b639ad241c063",
        322_874,
        "657db364a4728a180310f4b945ac872e9a0c6cc7c1143129f3d30fe8ebc1a7e0",
    ),
    (
        '{"space":"cell","normal":{"blocks":[{"inputs":[0,1],"operations":["separable_conv_5x5",'
        '"residual_bottleneck"]},{"inputs":[1,1],"operations":["mbconv_3x3","identity"]},'
        '{"inputs":[3,3],"operations":["squeeze_excite","conv_3x3"]},{"inputs":[1,0],'
        '"operations":["max_pool_3x3","identity"]}]},"reduction":{"blocks":[{"inputs":[0,0],'
        '"operations":["mbconv_3x3","max_pool_3x3"]},{"inputs":[1,1],"operations":["conv_3x3",'
        '"max_pool_3x3"]},{"inputs":[3,1],"operations":["max_pool_3x3","identity"]},'
        '{"inputs":[3,3],"operations":["mbconv_3x3","identity"]}]},"repeats":1,"filters":16}',
        "c8ca810545ec16a0a7fea1b84b7f73a12560ede2a6312f312ede63dd58cc1674",
        325_526,
        "7527bb18bffc3a844e8f08a43734c74c29873ed9a1cdae94791fa666da5dc76a",
    ),
]
"""Architectures of the first release: JSON, hash, parameters, and SHA-256 of their weights' names.

Stored trials and weights rely on these staying as they were.
"""


@pytest.mark.parametrize(("text", "content_hash", "params", "weights"), KNOWN)
def test_architectures_of_the_first_release_are_what_they_were(text, content_hash, params, weights):
    architecture = parse_architecture(text)
    assert architecture.model_dump_json() == text
    assert architecture.content_hash == content_hash
    network = build(architecture, (3, 16, 16), 10)
    assert sum(p.numel() for p in network.parameters()) == params
    shapes = json.dumps([(name, list(w.shape)) for name, w in network.state_dict().items()])
    assert hashlib.sha256(shapes.encode()).hexdigest() == weights


def test_decisions_of_the_first_release_are_what_they_were():
    space = create_space("cell", {"blocks": 1})
    assert [d.name for d in space.decisions][:4] == [
        *("normal.block0.input0", "normal.block0.operation0"),
        *("normal.block0.input1", "normal.block0.operation1"),
    ]
    assert space.decisions[1].choices == (
        *("identity", "conv_1x1", "conv_3x3", "separable_conv_3x3", "separable_conv_5x5"),
        *("residual_bottleneck", "squeeze_excite", "mbconv_3x3", "dense_layer"),
        *("max_pool_3x3", "average_pool_3x3"),
    )
    assert len(space.node_kinds) == 4 + 11


@st.composite
def answered_spaces(draw: st.DrawFn):
    blocks = draw(st.integers(1, 5))
    options = {
        "blocks": blocks,
        "repeats": draw(st.integers(1, 3)),
        "filters": draw(st.integers(8, 64)),
        "operations": draw(st.lists(st.sampled_from(OPERATION_NAMES), min_size=1, unique=True)),
        "normal_concatenate": draw(concatenations(blocks)),
        "reduction_concatenate": draw(concatenations(blocks)),
        "layout": draw(layouts()).model_dump(),
    }
    space = create_space("cell", options)
    chosen = {}
    for decision in active_decisions(space.decisions, chosen):
        chosen[decision.name] = draw(st.sampled_from(decision.choices))
    return space, chosen


@given(answered_spaces())
def test_choices_survive_the_way_to_an_architecture_and_back(case):
    space, chosen = case
    assert space.choices(space.architecture(chosen)) == chosen


@given(architectures() | laid_out_architectures())
def test_architecture_survives_json(architecture):
    text = architecture.model_dump_json()
    assert parse_architecture(text) == architecture
    assert parse_architecture(text).content_hash == architecture.content_hash
    assert parse_architecture({"architecture": architecture.model_dump(mode="json")}) == (
        architecture
    )


@settings(deadline=None, max_examples=6)
@given(architectures(), st.sampled_from([shape for shape in SHAPES if shape[1] < 28]))
def test_any_architecture_runs_forward_and_backward(architecture, shape):
    check_trains(architecture, shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_operation_runs_at_every_image_size(shape):
    for architecture in every_operation():
        check_trains(architecture, shape)


def check_trains(architecture: CellArchitecture, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    network = build(architecture, shape, 10).train()
    logits = network(torch.rand(3, *shape))
    assert logits.shape == (3, 10)
    logits.square().sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    assert without == []
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_sample_draws_the_same_from_the_same_generator_and_covers_the_choices():
    space = create_space("cell", {"blocks": 2})
    first = [space.sample(np.random.default_rng(7)) for _ in range(2)]
    assert first[0] == first[1]
    rng = np.random.default_rng(0)
    seen = {
        operation
        for _ in range(60)
        for block in space.sample(rng).normal.blocks
        for operation in block.operations
    }
    assert seen == set(DEFAULT_OPERATIONS)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"block": 3}, "block"),
        ({"blocks": 0}, "blocks"),
        ({"blocks": 8}, "blocks"),
        ({"repeats": 0}, "repeats"),
        ({"filters": 0}, "filters"),
        ({"filters": 10_000}, "filters"),
        ({"filters": "many"}, "filters"),
        ({"operations": []}, "operations"),
        ({"operations": ["conv_9x9"]}, "operations.0: no operation 'conv_9x9'"),
        ({"normal_concatenate": "none"}, "normal_concatenate.name: Input should be 'unused' or"),
        ({"reduction_concatenate": []}, "reduction_concatenate.states: .* at least 1"),
        ({"reduction_concatenate": [1, 1]}, r"reduction_concatenate.states: got \(1, 1\), allowed"),
        (
            {"blocks": 2, "normal_concatenate": [4]},
            "normal_concatenate: got state 4, allowed: 0 to 3",
        ),
        ({"layout": {"stem": "resnet"}}, "layout.stem: Input should be 'cifar' or 'imagenet'"),
        ({"layout": {"drop_path": 1}}, "layout.drop_path"),
        ({"layout": {"later_stacks": [1, 0]}}, "layout.later_stacks.1"),
        ({"layout": {"colour": "red"}}, "layout.colour"),
        (
            {"filters": 7, "layout": {"stem": "imagenet"}},
            "layout: stem 'imagenet' with filters 7, allowed: filters 8 to 4096",
        ),
    ],
)
def test_bad_option_is_named(options, named):
    with pytest.raises(InvalidSpaceOptionsError, match=rf"space 'cell': {named}"):
        create_space("cell", options)


def test_missing_foreign_and_wrong_answers_are_refused():
    space = create_space("cell", {"blocks": 1, "operations": ["identity"]})
    good = space.choices(space.sample(np.random.default_rng(0)))
    missing = {k: v for k, v in good.items() if k != "reduction.block0.input1"}
    with pytest.raises(InvalidDecisionsError, match=r"'reduction.block0.input1' has no answer"):
        space.architecture(missing)
    with pytest.raises(InvalidDecisionsError, match="no such decision here: colour"):
        space.architecture(good | {"colour": "red"})
    with pytest.raises(InvalidDecisionsError, match="got 2, allowed: 0, 1"):
        space.architecture(good | {"normal.block0.input0": 2})


def test_architecture_outside_the_spaces_options_has_no_choices():
    space = create_space("cell", {"blocks": 1, "filters": 8, "operations": ["identity"]})
    cell = cell_of((0, "identity", 1, "identity"))
    assert space.choices(architecture_of(cell, filters=8))["normal.block0.input1"] == 1
    with pytest.raises(InvalidDecisionsError, match="filters=4, the space filters=8"):
        space.choices(architecture_of(cell, filters=4))
    with pytest.raises(InvalidDecisionsError, match=r"normal_concatenate=all, the space .*=unused"):
        space.choices(architecture_of(cell.model_copy(update={"concatenate": "all"}), filters=8))
    with pytest.raises(InvalidDecisionsError, match=r"architecture has layout=.*drop_path"):
        space.choices(architecture_of(cell, filters=8, layout=Layout(drop_path=0.1)))
    with pytest.raises(InvalidDecisionsError):
        space.choices(architecture_of(cell_of((0, "conv_1x1", 1, "identity")), filters=8))


def test_drawing_shows_blocks_operations_and_output():
    cell = cell_of((0, "conv_3x3", 1, "identity"), (2, "max_pool_3x3", 2, "identity"))
    text = draw(architecture_of(cell))
    for part in ("before last", "conv_3x3", "block 1", "concatenate(block 1)", "4 filters"):
        assert part in text
    assert "layout" not in text
