"""Pixels as features: averaged down to at most 32 a side, centred and scaled by channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.baselines.features import Features
from nas.baselines.shrinking import Floats, area_weights, shrink

LONGEST_SIDE = 32
_SMALLEST_DEVIATION = 1e-3


class Pixels(Features):
    """The values of all pixels, `C * h * w` of them, normalised as the networks' inputs are."""

    def learn(self, images: NDArray[np.uint8], generator: np.random.Generator) -> None:
        """Take each channel's mean and standard deviation."""
        self._size = images.shape[2:]
        values = shrink(images, LONGEST_SIDE) / 255
        self._mean = values.mean(axis=(0, 2, 3), keepdims=True)
        self._deviation = values.std(axis=(0, 2, 3), keepdims=True).clip(_SMALLEST_DEVIATION)
        self.shape: tuple[int, int, int] = values.shape[1:]

    def extract(self, images: NDArray[np.uint8]) -> Floats:
        """Return the normalised pixels, flattened from `(C, h, w)`."""
        values = (shrink(images, LONGEST_SIDE) / 255 - self._mean) / self._deviation
        flat: Floats = values.reshape(len(images), -1).astype(np.float32)
        return flat

    def templates(self, weights: Floats) -> Floats:
        """Return weights `(K, C * h * w)` of these features as weights `(K, C, H, W)` of pixels.

        Shrinking is linear, so a whole image in 0..1 under its template gives the same score,
        but for a constant, as the image's features under their weights.
        """
        small = weights.reshape(-1, *self.shape) / self._deviation
        height, width = self._size
        down = area_weights(height, self.shape[1])
        across = area_weights(width, self.shape[2])
        spread: Floats = down.T @ small @ across
        return spread

    def offsets(self, weights: Floats) -> Floats:
        """Return the constants `(K,)` by which scores of `templates` miss those of the features."""
        small = weights.reshape(-1, *self.shape) / self._deviation
        missed: Floats = -(small * self._mean).sum(axis=(1, 2, 3))
        return missed
