"""A template per class: multinomial logistic regression on pixels.

Images longer than 32 a side are averaged down first, which a template undoes: see `Pixels`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.baselines.base import Drawable, draw_training_set
from nas.baselines.features import extract_all, parts
from nas.baselines.pixels import Pixels
from nas.baselines.shrinking import Floats
from nas.baselines.softmax import SoftmaxRegression
from nas.baselines.template_grid import template_grid
from nas.datasets import Split

_DECAY = 3e-3


class Linear(Drawable):
    """Scores each class by how well the image fits its template, pixel by pixel."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._pixels = Pixels()
        self._classifier = SoftmaxRegression(_DECAY)

    def fit(self, split: Split, num_classes: int) -> None:
        """Learn a template and a bias per class."""
        generator = np.random.default_rng(self.seed)
        chosen = draw_training_set(split, generator)
        self._pixels.learn(chosen.images, generator)
        inputs = extract_all(self._pixels, chosen.images)
        self._classifier.fit(inputs, chosen.labels, num_classes)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the class whose template fits best."""
        return np.concatenate(
            [self._classifier.predict(self._pixels.extract(part)) for part in parts(images)]
        )

    @property
    def features(self) -> int:
        """Values of the pixels."""
        return self._classifier.weights.shape[1]

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self._classifier.parameters

    def templates(self) -> Floats:
        """Return one template per class, `(classes, C, H, W)`, for images with values in 0..1."""
        return self._pixels.templates(self._classifier.weights)

    def biases(self) -> Floats:
        """Return what each class's score has besides its template, `(classes,)`."""
        return self._classifier.biases + self._pixels.offsets(self._classifier.weights)

    def picture(self) -> bytes:
        """Draw the templates, at the size they were learned at, in a grid."""
        weights = self._classifier.weights
        return template_grid(weights.reshape(len(weights), *self._pixels.shape))
