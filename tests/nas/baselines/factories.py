"""Small images whose classes a baseline can tell by what it looks at, and by nothing else."""

from __future__ import annotations

import numpy as np

from nas.datasets import Split


def noisy_halves(shape: tuple[int, int, int], count: int = 60, seed: int = 0) -> Split:
    """Three classes: bright at the top, bright at the bottom, bright all over; with noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.normal(60, 25, (count, *shape))
    middle = shape[1] // 2
    images[labels != 1, :, :middle] += 100
    images[labels != 0, :, middle:] += 100
    return Split(images.clip(0, 255).astype(np.uint8), labels.astype(np.int64))


def constant_colours(values: list[list[int]], side: int = 8) -> np.ndarray:
    """One image `(C, side, side)` per row of channel values."""
    colours = np.asarray(values, dtype=np.uint8)[:, :, None, None]
    return np.broadcast_to(colours, (*colours.shape[:2], side, side)).copy()
