from __future__ import annotations

from search_spaces.decisions import check_choices
from search_spaces.variation import count_choices, every_choices
from tests.nas.factories import CONDITIONAL_DECISIONS


def test_every_choices_lists_each_complete_answer_once():
    listed = every_choices(CONDITIONAL_DECISIONS)
    for chosen in listed:
        check_choices(CONDITIONAL_DECISIONS, chosen)
    assert len({tuple(chosen.items()) for chosen in listed}) == len(listed)
    assert len(listed) == count_choices(CONDITIONAL_DECISIONS)
