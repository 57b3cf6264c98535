"""Colours of boxes by what their node does: pale fills, so that dark text is easily read."""

from __future__ import annotations

from dataclasses import dataclass

TEXT = "#1b2330"
BACKGROUND = "#ffffff"
FRAME = "#d5dae1"
EDGE = "#5d6878"


@dataclass(frozen=True, slots=True)
class Colour:
    """A box's fill and the line around it."""

    fill: str
    line: str


_ENDS = Colour("#dfe4ea", "#667387")
_COMBINE = Colour("#f4f5f7", "#98a2b0")
_PASS = Colour("#ececec", "#8e8e8e")
_POOL = Colour("#d5efd9", "#3f9151")
_CONVOLUTION = Colour("#d6e6fb", "#3b74c4")
_SEPARABLE = Colour("#e7ddf9", "#7d57c2")
_INVERTED = Colour("#f8dcf0", "#b0478f")
_RESIDUAL = Colour("#ffe3cc", "#c46f1e")
_DENSE = Colour("#d0f0ee", "#23908a")
_INCEPTION = Colour("#fdf0bf", "#a98a0c")
_EXCITATION = Colour("#fbdadb", "#c0484e")

_BY_WORD: tuple[tuple[str, Colour], ...] = (
    ("inception", _INCEPTION),
    ("mbconv", _INVERTED),
    ("inverted", _INVERTED),
    ("squeeze", _EXCITATION),
    ("separable", _SEPARABLE),
    ("sep_", _SEPARABLE),
    ("dil", _SEPARABLE),
    ("bottleneck", _RESIDUAL),
    ("residual", _RESIDUAL),
    ("preact", _RESIDUAL),
    ("basic", _RESIDUAL),
    ("dense", _DENSE),
    ("conv", _CONVOLUTION),
    ("pool", _POOL),
    ("skip", _PASS),
    ("identity", _PASS),
    ("zero", _PASS),
    ("none", _PASS),
    ("add", _COMBINE),
    ("concat", _COMBINE),
)


def colour_of(kind: str) -> Colour:
    """Return the colour of a kind of node by the first word it contains, else that of ends."""
    return next((colour for word, colour in _BY_WORD if word in kind), _ENDS)
