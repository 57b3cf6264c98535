from __future__ import annotations

from nas.samplers.model.features import REFERENCE_ROWS, FeatureTable
from search_spaces import Decision
from tests.nas.answers import AnswersProblem

DECISIONS = (Decision("a", tuple(range(100))), Decision("vain", (1, 2)))


class HalfVain(AnswersProblem):
    """The second answer makes no other candidate."""

    def __init__(self) -> None:
        super().__init__(DECISIONS)

    def identity(self, architecture, choices):
        return choices["a"]


def test_rows_of_one_candidate_name_its_first_row():
    table = FeatureTable(HalfVain())
    first, second = (table.add({"a": 50, "vain": vain}) for vain in (1, 2))
    assert first != second
    assert table.candidates[first] == table.candidates[second] <= first
    assert len(set(table.candidates)) == len({choices["a"] for choices in table.choices})


def test_candidates_that_were_only_looked_at_are_forgotten():
    table = FeatureTable(HalfVain())
    unknown = next(a for a in range(100) if all(c["a"] != a for c in table.choices))
    kept = table.candidates[:]
    table.add({"a": unknown, "vain": 1})
    table.truncate(REFERENCE_ROWS)
    assert table.candidates == kept
    again = table.add({"a": unknown, "vain": 2})
    assert table.candidates[again] == again == REFERENCE_ROWS
