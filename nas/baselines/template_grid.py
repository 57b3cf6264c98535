"""Templates as a picture: a grid in which middle grey is a weight of zero."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray

from nas.baselines.shrinking import Floats

_TILE_PIXELS = 96
_GAP_PIXELS = 4
_MIDDLE = 128


def template_grid(templates: Floats) -> bytes:
    """Draw templates `(K, C, h, w)` as PNG, row by row in a grid that is about square.

    Each template is scaled by its largest weight: bright pixels speak for the class, dark ones
    against it. Three channels are drawn as red, green and blue, any other number as their mean.
    """
    from PIL import Image

    tiles = [_tile(template) for template in templates]
    height, width = tiles[0].shape[:2]
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    down, across = height + _GAP_PIXELS, width + _GAP_PIXELS
    shape = (rows * down + _GAP_PIXELS, columns * across + _GAP_PIXELS, 3)
    canvas = np.full(shape, 255, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = _GAP_PIXELS + row * down, _GAP_PIXELS + column * across
        canvas[top : top + height, left : left + width] = tile
    content = io.BytesIO()
    Image.fromarray(canvas).save(content, format="PNG")
    return content.getvalue()


def _tile(template: Floats) -> NDArray[np.uint8]:
    """Return a template `(C, h, w)` as colours `(H, W, 3)`, its pixels enlarged to squares."""
    colours = template if len(template) == 3 else template.mean(axis=0, keepdims=True)
    largest = np.abs(colours).max()
    shades = colours / largest if largest > 0 else colours
    drawn = np.round(_MIDDLE + 127 * shades).astype(np.uint8)
    drawn = np.broadcast_to(drawn, (3, *drawn.shape[1:])).transpose(1, 2, 0)
    times = max(1, _TILE_PIXELS // max(drawn.shape[:2]))
    return drawn.repeat(times, axis=0).repeat(times, axis=1)
