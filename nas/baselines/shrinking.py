"""Averaging large images down to a bounded size, by areas: a linear map of the pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def area_weights(size: int, target: int) -> Floats:
    """Return the matrix `(target, size)` that averages `size` pixels into `target` equal spans.

    A pixel that lies across the border of two spans counts in each by its share.
    """
    borders = np.linspace(0, size, target + 1)
    starts, ends = borders[:-1, None], borders[1:, None]
    pixels = np.arange(size)
    overlap = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
    weights: Floats = (overlap.clip(0) * (target / size)).astype(np.float32)
    return weights


def shrunk_size(height: int, width: int, most: int) -> tuple[int, int]:
    """Return the size after `shrink`: each side by itself, so that a long image keeps its rows."""
    return min(height, most), min(width, most)


def shrink(images: NDArray[np.uint8], most: int) -> Floats:
    """Average images `(N, C, H, W)` so that no side is longer than `most`; values stay 0..255."""
    height, width = images.shape[2:]
    rows, columns = shrunk_size(height, width, most)
    shrunk = np.empty((*images.shape[:2], rows, columns), dtype=np.float32)
    if (rows, columns) == (height, width):
        shrunk[:] = images
        return shrunk
    down, across = area_weights(height, rows), area_weights(width, columns).T
    for image, out in zip(images, shrunk, strict=True):  # one at a time: 600 x 600 takes megabytes
        out[:] = down @ image.astype(np.float32) @ across
    return shrunk
