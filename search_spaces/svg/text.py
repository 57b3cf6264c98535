"""How wide text is, and where it is broken into lines.

A drawing does not know which font it will be shown in. Widths are those of DejaVu Sans, one of
the widest common sans-serif fonts, rounded up, so that text stays inside its box in any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FONT_FAMILY = "Helvetica, Arial, 'DejaVu Sans', sans-serif"

_NARROW, _MIDDLE, _WIDE = frozenset(" .,:;'|!iIjl"), frozenset('fJrst()[]{}/\\-"'), "mwMW@%"


def text_width(text: str, size: float) -> float:
    """Return the width in pixels of a line in a font of `size` pixels."""
    return size * sum(map(_share, text))


def _share(character: str) -> float:
    """Return a character's width as a share of the font's size."""
    if character in _NARROW:
        return 0.37
    if character in _MIDDLE:
        return 0.54
    if character in _WIDE:
        return 1.02
    if not character.isascii():
        return 1.1
    return 0.79 if character.isupper() else 0.66


def wrap(text: str, size: float, width: float) -> list[str]:
    """Break text into lines of at most `width` pixels.

    It is broken behind commas and before plus signs where that is enough, else between words,
    and inside a word only where one alone is wider than a line.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for part in _parts(paragraph, size, width):
            longer = f"{line} {part}" if line else part
            if line and text_width(longer, size) > width:
                lines.append(line)
                line = part
            else:
                line = longer
        lines.append(line)
    return lines


def _parts(paragraph: str, size: float, width: float) -> Iterator[str]:
    """Yield what stays on one line."""
    for phrase in re.split(r"(?<=[,;]) +| +(?=\+)", paragraph):
        if text_width(phrase, size) <= width:
            yield phrase
            continue
        for word in phrase.split():
            part = ""
            for character in word:
                if part and text_width(part + character, size) > width:
                    yield part
                    part = ""
                part += character
            yield part
