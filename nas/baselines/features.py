"""A baseline made of two parts: features of each image, and a linear classifier on top."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from nas.baselines.base import Baseline, draw_training_set
from nas.baselines.shrinking import Floats
from nas.baselines.softmax import SoftmaxRegression
from nas.datasets import Split

_IMAGES_AT_ONCE = 512
_VALUES_AT_ONCE = 2**24
_SMALLEST_DEVIATION = 1e-6


class Features(ABC):
    """Describes each image by a vector; `learn` comes before the first `extract`."""

    @abstractmethod
    def learn(self, images: NDArray[np.uint8], generator: np.random.Generator) -> None:
        """Take from the training images `(N, C, H, W)`, without labels, what is needed."""

    @abstractmethod
    def extract(self, images: NDArray[np.uint8]) -> Floats:
        """Return the features `(N, F)` of images `(N, C, H, W)`; at most a few hundred at once."""


class FeatureBaseline(Baseline):
    """Features, each standardised, under multinomial logistic regression."""

    decay = 1e-2
    """L2 penalty of the classifier, see `SoftmaxRegression`."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._extractor = self.new_features()
        self._classifier = SoftmaxRegression(self.decay)

    @abstractmethod
    def new_features(self) -> Features:
        """Return the features this baseline stands on."""

    def fit(self, split: Split, num_classes: int) -> None:
        """Learn the features, their scales, and the classifier."""
        generator = np.random.default_rng(self.seed)
        chosen = draw_training_set(split, generator)
        self._extractor.learn(chosen.images, generator)
        described = extract_all(self._extractor, chosen.images)
        self._mean = described.mean(axis=0)
        self._deviation = described.std(axis=0)
        # A feature that never varies says nothing; it must not be blown up by rounding.
        self._deviation[self._deviation < _SMALLEST_DEVIATION] = 1
        self._classifier.fit(self._standardised(described), chosen.labels, num_classes)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the likeliest class of each image."""
        return np.concatenate(
            [
                self._classifier.predict(self._standardised(self._extractor.extract(part)))
                for part in parts(images)
            ]
        )

    @property
    def features(self) -> int:
        """Length of an image's description."""
        return self._classifier.weights.shape[1]

    @property
    def parameters(self) -> int:
        """Weights and biases of the classifier."""
        return self._classifier.parameters

    def _standardised(self, described: Floats) -> Floats:
        standardised: Floats = (described - self._mean) / self._deviation
        return standardised


def parts(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Cut images into runs of 512, or fewer if large: it bounds the memory that features take."""
    step = max(1, min(_IMAGES_AT_ONCE, _VALUES_AT_ONCE // max(1, images[:1].size)))
    return [images[start : start + step] for start in range(0, max(1, len(images)), step)]


def extract_all(features: Features, images: NDArray[np.uint8]) -> Floats:
    """Return the features `(N, F)` of any number of images."""
    return np.concatenate([features.extract(part) for part in parts(images)])
