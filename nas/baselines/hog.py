"""Which way edges run, and where.

Dalal & Triggs: Histograms of Oriented Gradients for Human Detection, CVPR 2005, section 6,
https://doi.org/10.1109/CVPR.2005.177: 9 unsigned orientations, blocks of 2 x 2 cells that overlap
by a cell, L2-Hys. At each pixel the channel with the strongest gradient counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.baselines.features import FeatureBaseline, Features
from nas.baselines.shrinking import Floats, shrink

_LONGEST_SIDE = 64
_CELLS_PER_SIDE = 8
_BLOCK_CELLS = 2


class HOGFeatures(Features):
    """Histograms of oriented gradients, by scikit-image.

    Images longer than 64 a side are averaged down first. A cell is an eighth of a side, for
    eight cells across as in Dalal & Triggs's 64 pixels of width, but at least 2 pixels: 8 x 8
    pixels give 4 x 4 cells of 2 x 2, and 64 x 64 or more give 8 x 8 cells of 8 x 8.
    """

    def learn(self, images: NDArray[np.uint8], generator: np.random.Generator) -> None:
        """Learn nothing: the size of a cell follows from the size of the images."""

    def extract(self, images: NDArray[np.uint8]) -> Floats:
        """Return `(N, blocks * 4 * 9)`."""
        from skimage.feature import hog

        shrunk = shrink(images, _LONGEST_SIDE).transpose(0, 2, 3, 1)
        cell = cell_size(*shrunk.shape[1:3])
        described = [
            hog(
                image,
                orientations=9,
                pixels_per_cell=cell,
                cells_per_block=(_BLOCK_CELLS, _BLOCK_CELLS),
                block_norm="L2-Hys",
                channel_axis=-1,
            )
            for image in shrunk
        ]
        return np.asarray(described, dtype=np.float32)


class HOG(FeatureBaseline):
    """A linear classifier on histograms of oriented gradients."""

    def new_features(self) -> HOGFeatures:
        """Return the histograms."""
        return HOGFeatures()


def cell_size(height: int, width: int) -> tuple[int, int]:
    """Return a cell's (height, width) in pixels, for images of up to 64 a side."""
    return max(2, height // _CELLS_PER_SIDE), max(2, width // _CELLS_PER_SIDE)
