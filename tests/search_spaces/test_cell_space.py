from __future__ import annotations

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
from search_spaces.cell.operations import OPERATIONS
from tests.search_spaces.strategies import architecture_of, architectures, cell_of, every_operation

SHAPES = [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 32, 32), (1, 7, 9), (3, 7, 9), (1, 1, 1)]


@st.composite
def answered_spaces(draw: st.DrawFn):
    options = {
        "blocks": draw(st.integers(1, 5)),
        "repeats": draw(st.integers(1, 3)),
        "filters": draw(st.integers(1, 64)),
        "operations": draw(st.lists(st.sampled_from(list(OPERATIONS)), min_size=1, unique=True)),
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


@given(architectures())
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
    check_trains(every_operation(), shape)


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
    assert seen == set(OPERATIONS)


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
    with pytest.raises(InvalidDecisionsError):
        space.choices(architecture_of(cell_of((0, "conv_1x1", 1, "identity")), filters=8))


def test_drawing_shows_blocks_operations_and_output():
    cell = cell_of((0, "conv_3x3", 1, "identity"), (2, "max_pool_3x3", 2, "identity"))
    text = draw(architecture_of(cell))
    for part in ("before last", "conv_3x3", "block 1", "concatenate(block 1)", "4 filters"):
        assert part in text
