"""Cells stacked in other ways than by default."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import InvalidArchitectureError, build, draw
from search_spaces.analysis import analyze
from search_spaces.cell.layout import Layout
from tests.search_spaces.strategies import (
    architecture_of,
    cell_of,
    every_operation,
    laid_out_architectures,
)
from tests.search_spaces.test_cell_space import check_trains

SHAPE = (3, 8, 8)


@settings(deadline=None, max_examples=15)
@given(laid_out_architectures(), st.sampled_from([(1, 8, 8), (3, 16, 16), (3, 7, 9)]))
def test_any_layout_runs_forward_and_backward_without_idle_weights(architecture, shape):
    check_trains(architecture, shape)
    params = sum(p.numel() for p in build(architecture, shape, 10).parameters())
    assert analyze(architecture, shape, 10).params == params


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 7, 9), (1, 3, 3)])
def test_every_operation_changes_channels_on_a_raw_stem(shape):
    for stem in ("cifar", "imagenet"):
        layout = Layout(stem=stem, raw_stem=True, stem_width=5, padding="end")
        for architecture in every_operation(layout, filters=8):
            check_trains(architecture, shape)


def test_image_too_small_for_the_stem_is_refused_by_the_analysis():
    architecture = every_operation(Layout(stem="imagenet"), filters=8)[0]
    with pytest.raises(InvalidArchitectureError, match=r"'stem.0' has no output for a 3x2x2 image"):
        analyze(architecture, (3, 2, 2), 10)


def test_cell_behind_a_reduction_can_take_what_the_reduction_took():
    cell = cell_of((0, "conv_1x1", 1, "conv_1x1"))
    usual, bypassing = (
        build(architecture_of(cell, repeats=2, layout=Layout(bypass_reductions=bypass)), SHAPE, 4)
        for bypass in (False, True)
    )
    assert usual.sources == [(max(0, number - 1), number) for number in range(8)]
    assert bypassing.sources == [(0, 0), (0, 1), (1, 2), (1, 3), (3, 4), (4, 5), (4, 6), (6, 7)]


def test_cell_that_no_later_one_takes_is_left_out():
    """Every cell takes the one before last alone, so every second one is idle."""
    cell = cell_of((0, "conv_1x1", 0, "conv_1x1"), concatenate="all")
    network = build(architecture_of(cell, repeats=2), SHAPE, 4)
    assert network.needed == frozenset({1, 3, 5, 7})
    idle = {int(name.split(".")[1]) for name in network.state_dict() if name.startswith("cells.")}
    assert idle == network.needed


def test_paths_are_dropped_more_often_towards_the_end_and_identities_never():
    cell = cell_of((0, "conv_1x1", 1, "identity"))
    layout = Layout(drop_path=0.8)
    network = build(architecture_of(cell, repeats=2, layout=layout), SHAPE, 4)
    rates = [module.drop_path.probability for module in network.cells]
    assert rates == pytest.approx([0.1 * number for number in range(1, 9)])
    module = network.cells[-1].train()
    torch.manual_seed(0)
    before_last = torch.rand(64, module.adjust[0][1].in_channels, 2, 2)
    last = torch.rand(64, module.adjust[1][1].in_channels, 2, 2)
    identity = module.adjust[1](last)
    out = module(before_last, last)
    dropped = [torch.allclose(out[i], identity[i], atol=1e-6) for i in range(64)]
    assert 40 <= sum(dropped) < 64


def test_drawing_leaves_out_what_takes_no_part_and_names_the_layout():
    cell = cell_of((0, "conv_3x3", 1, "none"), (1, "conv_1x1", 1, "identity"), concatenate=(2,))
    layout = Layout(stem="imagenet", later_stacks=(3,), padding="end")
    text = draw(architecture_of(cell, filters=8, layout=layout))
    assert "conv_3x3" in text
    assert "conv_1x1" not in text
    assert "concatenate(block 0)" in text
    assert "2 x reduction, 1 x normal, reduction, 3 x normal, classifier" in text
    assert "layout: padding end" in text
