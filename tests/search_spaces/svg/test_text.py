from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search_spaces.svg.text import text_width, wrap


@given(st.text(), st.floats(40, 400))
def test_lines_are_never_wider_than_asked_and_nothing_is_lost(text, width):
    lines = wrap(text, 13, width)
    assert all(text_width(line, 13) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_lines_break_behind_commas_before_between_words():
    text = "stem: conv 7x7 to 64, stride 2, batch norm"
    assert wrap(text, 13, 210) == ["stem: conv 7x7 to 64,", "stride 2, batch norm"]
    assert wrap("a long phrase without commas", 13, 120) == ["a long phrase", "without", "commas"]
    assert wrap("one + two + three", 13, 90) == ["one + two", "+ three"]
    assert wrap("a\nb", 13, 90) == ["a", "b"]
