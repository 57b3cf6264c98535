from __future__ import annotations

import pytest

from search_spaces.blocks.rounding import deepened, round_channels, widened


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(32 * 1.1, 32), (40 * 1.1, 48), (24 * 1.4, 32), (18, 24), (3, 8), (44.0, 48), (64, 64)],
)
def test_channels_round_to_eights_and_never_below_ninety_percent(channels, rounded):
    assert round_channels(channels) == rounded
    assert rounded % 8 == 0
    assert rounded >= 0.9 * channels


@pytest.mark.parametrize(
    ("layers", "multiplier", "rounded"), [(3, 1, 3), (3, 1.01, 4), (1, 1.1, 2), (10, 1.1, 11)]
)
def test_depths_round_up(layers, multiplier, rounded):
    assert deepened(layers, multiplier) == rounded


def test_widening_by_one_rounds_nothing_and_by_more_to_multiples_of_the_divisor():
    assert widened(3, 1) == 3
    assert widened(3, 1.1) == 8
    assert widened(20, 1.2, divisor=1) == 24
    assert widened(20, 1.2, divisor=16) == 32
