"""The linear classifier that most baselines end in."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from nas.baselines.shrinking import Floats

_ITERATIONS = 200


class SoftmaxRegression:
    """Multinomial logistic regression: mean cross-entropy plus `decay / 2` times the squared norm.

    Fitted by scikit-learn's L-BFGS from zero, hence without randomness. A class of which the
    training images hold none is never predicted.

    Bishop: Pattern Recognition and Machine Learning, 2006, section 4.3.4.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def fit(self, inputs: Floats, labels: NDArray[np.int64], num_classes: int) -> None:
        """Learn from inputs `(N, F)` and labels `(N,)` in `0..num_classes - 1`."""
        self.weights = np.zeros((num_classes, inputs.shape[1]), dtype=np.float32)
        self.biases = np.full(num_classes, -np.inf, dtype=np.float32)
        present = np.unique(labels)
        if len(present) == 1:
            self.biases[present] = 0
            return
        weights, biases = self._solve(inputs, labels)
        if len(present) == 2:  # scikit-learn gives the one vector by which two classes differ
            weights = np.vstack([-weights, weights]) * np.float32(0.5)
            biases = np.hstack([-biases, biases]) * np.float32(0.5)
        self.weights[present], self.biases[present] = weights, biases

    def predict(self, inputs: Floats) -> NDArray[np.int64]:
        """Return the likeliest class of each input, `(N,)`."""
        likeliest: NDArray[np.int64] = (inputs @ self.weights.T + self.biases).argmax(axis=1)
        return likeliest

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights.size + self.biases.size

    def _solve(self, inputs: Floats, labels: NDArray[np.int64]) -> tuple[Floats, Floats]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        # scikit-learn sums the loss over all images, hence its strength depends on their number.
        model = LogisticRegression(C=1 / (self.decay * len(inputs)), max_iter=_ITERATIONS)
        with warnings.catch_warnings():
            # The bound on iterations is meant: the rest would change digits that do not matter.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(inputs, labels)
        return model.coef_, model.intercept_
