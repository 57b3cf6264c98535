"""Which small patterns an image holds, and in which quarter.

Coates, Lee & Ng: An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS
2011, section 3, https://proceedings.mlr.press/v15/coates11a.html: a codebook by k-means over random
patches, normalised and whitened; the "triangle" activation; sums over quarters of the image. The
idea of a bag of words: Csurka et al., Visual Categorization with Bags of Keypoints, ECCV workshop
2004.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nas.baselines.features import FeatureBaseline, Features
from nas.baselines.shrinking import Floats, shrink

_LONGEST_SIDE = 64
_WORDS = 256
_PATCHES_LEARNED = 40_000
_IMAGES_LEARNED = 4_000
_VARIANCE_FLOOR = 10.0
_WHITENING_FLOOR = 0.1
_ENCODED_AT_ONCE = 64


class VisualWords(Features):
    """Activations of 256 words in four quarters: `4 * words` features.

    Images longer than 64 a side are averaged down first. Patches are a fifth of the shorter side,
    between 3 and 6 pixels: 3 for digits of 8 x 8, 6 (the paper's) for 32 x 32 and more. They are
    taken at every pixel, or at every second one where a side is longer than 32. The codebook is
    learned from 40,000 random patches of at most 4,000 images, however large the data set.
    """

    def learn(self, images: NDArray[np.uint8], generator: np.random.Generator) -> None:
        """Learn the whitening and the codebook."""
        from sklearn.cluster import MiniBatchKMeans

        self._patch = patch_size(*images.shape[2:])
        self._stride = 1 if max(images.shape[2:]) <= _LONGEST_SIDE // 2 else 2
        patches = self._random_patches(images, generator)
        self._mean = patches.mean(axis=0)
        self._whitening = _zca(patches - self._mean)
        white = (patches - self._mean) @ self._whitening
        clustering = MiniBatchKMeans(
            min(_WORDS, len(white)),
            batch_size=2048,
            n_init=1,
            random_state=int(generator.integers(2**31)),
        )
        self._words: Floats = clustering.fit(white).cluster_centers_.astype(np.float32)

    def extract(self, images: NDArray[np.uint8]) -> Floats:
        """Return `(N, 4 * words)`: per quarter (top left, top right, bottom ...) the mean."""
        return np.concatenate(
            [
                self._encode(images[start : start + _ENCODED_AT_ONCE])
                for start in range(0, len(images), _ENCODED_AT_ONCE)
            ]
        )

    def _encode(self, images: NDArray[np.uint8]) -> Floats:
        patches = self._grid(shrink(images, _LONGEST_SIDE))
        n, rows, columns, _ = patches.shape
        flat = (normalised(patches.reshape(n * rows * columns, -1)) - self._mean) @ self._whitening
        active = triangle(flat, self._words).reshape(n, rows, columns, -1)
        down, across = (rows + 1) // 2, (columns + 1) // 2
        quarters = [
            active[:, top, left].mean(axis=(1, 2))
            for top in (slice(None, down), slice(rows - down, None))
            for left in (slice(None, across), slice(columns - across, None))
        ]
        return np.concatenate(quarters, axis=1)

    def _grid(self, shrunk: Floats) -> Floats:
        """Return the patches at every step, `(N, rows, columns, C * side * side)`, a view."""
        side = self._patch
        windows = sliding_window_view(shrunk, (side, side), axis=(2, 3))
        windows = windows[:, :, :: self._stride, :: self._stride].transpose(0, 2, 3, 1, 4, 5)
        return windows.reshape(*windows.shape[:3], -1)

    def _random_patches(self, images: NDArray[np.uint8], generator: np.random.Generator) -> Floats:
        """Return normalised patches `(P, C * side * side)`, as many from each image."""
        count = min(_IMAGES_LEARNED, len(images))
        chosen = generator.choice(len(images), count, replace=False)
        each = -(-_PATCHES_LEARNED // count)
        side = self._patch
        found = []
        for image in images[chosen]:
            (shrunk,) = shrink(image[None], _LONGEST_SIDE)
            windows = sliding_window_view(shrunk, (side, side), axis=(1, 2))
            tops = generator.integers(windows.shape[1], size=each)
            lefts = generator.integers(windows.shape[2], size=each)
            found.append(windows[:, tops, lefts].transpose(1, 0, 2, 3).reshape(each, -1))
        return normalised(np.concatenate(found))


class BagOfVisualWords(FeatureBaseline):
    """A linear classifier on the activations of visual words."""

    def new_features(self) -> VisualWords:
        """Return the words."""
        return VisualWords()


def patch_size(height: int, width: int) -> int:
    """Return the side of a patch in pixels."""
    return min(max(3, min(6, min(height, width) // 5)), height, width)


def normalised(patches: Floats) -> Floats:
    """Subtract each patch's mean and divide by its deviation (section 3.1, values 0..255)."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    variance = centred.var(axis=1, keepdims=True)
    scaled: Floats = (centred / np.sqrt(variance + _VARIANCE_FLOOR)).astype(np.float32)
    return scaled


def triangle(inputs: Floats, words: Floats) -> Floats:
    """Return `max(0, mean distance - distance)` of inputs `(P, D)` to words `(K, D)`, `(P, K)`.

    Equation 3: a word is active where it is nearer than words are on average.
    """
    squares = (inputs**2).sum(axis=1, keepdims=True) - 2 * inputs @ words.T + (words**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares, 0))
    active: Floats = np.maximum(distances.mean(axis=1, keepdims=True) - distances, 0)
    return active


def _zca(centred: Floats) -> Floats:
    """Return the matrix `(D, D)` that makes the values of `centred` `(P, D)` uncorrelated.

    Zero-phase whitening (Bell & Sejnowski: The "independent components" of natural scenes are edge
    filters, Vision Research 37, 1997).
    """
    values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred / len(centred))
    roots = np.sqrt(values + _WHITENING_FLOOR)
    whitening: Floats = (vectors / roots @ vectors.T).astype(np.float32)
    return whitening
