from __future__ import annotations

import pytest

from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.stages.architecture import Stem
from search_spaces.stages.families import Dense, Inception
from search_spaces.stages.scaling import scale
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of


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


def test_transition_keeps_the_share_of_channels_that_it_lets_through():
    halves = Dense(growth_rate=16, transition=64)  # 32 + 6 * 16 = 128 are gathered
    scaled = scale(network_of(stage_of(halves, depth=6), stem=Stem(width=32)), width=1, depth=2)
    assert scaled.stages[0].depth == 12
    assert scaled.stages[0].block == Dense(growth_rate=16, transition=112)  # of 224
