from __future__ import annotations

import pytest

from search_spaces import Decision, create_space


def test_sources_are_one_per_choice_or_none():
    with pytest.raises(ValueError, match="'skip': 1 sources, allowed: none, or one for each of 2"):
        Decision("skip", (0, 1), part="layer1", sources=("layer0",))


@pytest.mark.parametrize("space", ["chain", "cell"])
def test_sources_are_parts_that_come_before(space):
    """So that whoever answers in order knows the parts to choose among."""
    begun: set[str | None] = {None}
    for decision in create_space(space).decisions:
        for source in decision.sources:
            assert source in begun or source.endswith("last")  # the cell's own inputs
            assert source != decision.part
        begun.add(decision.part)
