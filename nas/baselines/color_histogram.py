"""Which colours an image holds, wherever they stand.

Swain & Ballard: Color Indexing, IJCV 7(1), 1991, section 3, https://doi.org/10.1007/BF00130487.
Square roots of shares instead of shares: Arandjelović & Zisserman, Three things everyone should
know to improve object retrieval, CVPR 2012, section 3, https://doi.org/10.1109/CVPR.2012.6248018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.baselines.features import FeatureBaseline, Features
from nas.baselines.shrinking import Floats

_JOINT_BINS = {1: 32, 2: 16, 3: 8}
_BINS_EACH = 16


class HistogramFeatures(Features):
    """Square roots of the shares of an image's pixels that fall into each bin.

    Up to three channels are counted together, in a grid of 32, 16 x 16 or 8 x 8 x 8 bins; more
    would leave nearly all bins empty, so they are counted one by one in 16 bins each.
    """

    def learn(self, images: NDArray[np.uint8], generator: np.random.Generator) -> None:
        """Learn nothing: the bins are the same for all images."""

    def extract(self, images: NDArray[np.uint8]) -> Floats:
        """Return `(N, bins)`; an image's squares sum to 1 over each histogram."""
        channels = images.shape[1]
        values = images.reshape(len(images), channels, -1)
        if channels not in _JOINT_BINS:
            each = [_shares(_bins(values[:, c], _BINS_EACH), _BINS_EACH) for c in range(channels)]
            return np.sqrt(np.concatenate(each, axis=1))
        bins = _JOINT_BINS[channels]
        cells = np.zeros((len(images), values.shape[2]), dtype=np.int32)
        for channel in range(channels):
            cells = cells * bins + _bins(values[:, channel], bins)
        return np.sqrt(_shares(cells, bins**channels))


class ColorHistogram(FeatureBaseline):
    """A linear classifier on the histogram of colours, or of grey levels."""

    def new_features(self) -> HistogramFeatures:
        """Return the histogram."""
        return HistogramFeatures()


def _bins(values: NDArray[np.uint8], bins: int) -> NDArray[np.int32]:
    """Return the bin of each value, of equal bins over 0..255."""
    return values.astype(np.int32) * bins // 256


def _shares(cells: NDArray[np.int32], count: int) -> Floats:
    """Return the share of each row's `cells` that are 0, 1 .. count - 1, as `(N, count)`."""
    numbered = cells + np.arange(len(cells), dtype=np.int32)[:, None] * count
    counts = np.bincount(numbered.ravel(), minlength=len(cells) * count)
    shares: Floats = (counts.reshape(len(cells), count) / cells.shape[1]).astype(np.float32)
    return shares
