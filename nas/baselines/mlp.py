"""One hidden layer on pixels: what a network without convolution makes of the images.

Rumelhart, Hinton & Williams: Learning representations by back-propagating errors, Nature 323,
1986, https://doi.org/10.1038/323533a0; trained by Adam (Kingma & Ba, ICLR 2015,
https://arxiv.org/abs/1412.6980).
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from nas.baselines.base import Baseline, draw_training_set
from nas.baselines.features import extract_all, parts
from nas.baselines.pixels import Pixels
from nas.datasets import Split

_HIDDEN = 256
_DECAY = 1e-3
_BATCH = 64
_MOST_EPOCHS = 40
_IMAGES_SEEN = 1_000_000


class MLP(Baseline):
    """A multi-layer perceptron with 256 rectified units, by scikit-learn."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._pixels = Pixels()

    def fit(self, split: Split, num_classes: int) -> None:
        """Train for 40 epochs, or for a million images in all if that is less."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        generator = np.random.default_rng(self.seed)
        chosen = draw_training_set(split, generator)
        self._pixels.learn(chosen.images, generator)
        self._network = MLPClassifier(
            (_HIDDEN,),
            alpha=_DECAY,
            batch_size=min(_BATCH, len(chosen)),
            max_iter=max(1, min(_MOST_EPOCHS, _IMAGES_SEEN // len(chosen))),
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            # The number of epochs is a setting here, not a failure to converge.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._network.fit(extract_all(self._pixels, chosen.images), chosen.labels)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the likeliest class of each image."""
        return np.concatenate(
            [self._network.predict(self._pixels.extract(part)) for part in parts(images)]
        )

    @property
    def features(self) -> int:
        """Values of the pixels."""
        return int(self._network.n_features_in_)

    @property
    def parameters(self) -> int:
        """Weights and biases of both layers."""
        return sum(each.size for each in (*self._network.coefs_, *self._network.intercepts_))
