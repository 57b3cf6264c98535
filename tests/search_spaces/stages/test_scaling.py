from __future__ import annotations

import pytest

from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.stages.families import Dense, Inception
from search_spaces.stages.scaling import round_channels, round_depth, scale
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(32 * 1.1, 32), (40 * 1.1, 48), (24 * 1.4, 32), (18, 24), (3, 8), (44.0, 48), (64, 64)],
)
def test_channels_round_to_eights_and_never_below_ninety_percent(channels, rounded):
    assert round_channels(channels) == rounded
    assert rounded % 8 == 0
    assert rounded >= 0.9 * channels


@pytest.mark.parametrize(("depth", "rounded"), [(3.0, 3), (3.1, 4), (1 * 1.1, 2)])
def test_depths_round_up(depth, rounded):
    assert round_depth(depth) == rounded


def test_scaling_b0_gives_the_stages_of_b3():
    b0 = find_or_raise_case_study("efficientnet-b0").architecture
    b3 = scale(b0, width=1.2, depth=1.4)
    assert [stage.block.width for stage in b3.stages] == [24, 32, 48, 96, 136, 232, 384]
    assert [stage.depth for stage in b3.stages] == [2, 3, 3, 5, 5, 6, 2]
    assert (b3.stem.width, b3.head.features) == (40, 1536)


@pytest.mark.parametrize("family", SMALL_BLOCKS)
def test_scaling_by_one_changes_nothing(family):
    architecture = network_of(stage_of(SMALL_BLOCKS[family]))
    assert scale(architecture, width=1, depth=1) == architecture


def test_scaling_widens_what_a_family_has_for_width():
    dense = scale(network_of(stage_of(Dense(growth_rate=16))), width=2, depth=1)
    assert dense.stages[0].block == Dense(growth_rate=32, transition=0)
    inception = scale(network_of(stage_of(SMALL_BLOCKS["inception"])), width=4, depth=1)
    assert isinstance(inception.stages[0].block, Inception)
    assert inception.stages[0].block.threes == 16
