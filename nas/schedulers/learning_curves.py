"""What a learning curve comes to, foreseen from its beginning and the curves of earlier trials.

Baker, Gupta, Raskar, Naik: Accelerating Neural Architecture Search using Performance Prediction,
2017, https://arxiv.org/abs/1705.10823, section 3: the final value is regressed on the values so
far and their differences. Here by ridge regression, which a few curves suffice for; its penalty
is that of the least leave-one-out error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

PENALTIES = (0.1, 1.0, 10.0, 100.0)
RECENT_EPOCHS = 3
"""Epochs over which a curve's level and slope are taken."""

_LEAST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Forecast:
    """A final value: Student's t around `mean`, from leave-one-out errors of earlier curves."""

    mean: float
    spread: float
    degrees: int

    def probability_above(self, value: float) -> float:
        """Return the probability that the final value is larger than `value`."""
        return float(student.sf((value - self.mean) / self.spread, self.degrees))


def forecast_final(curves: Matrix, beginning: Vector) -> Forecast:
    """Foresee the last value of a curve.

    Args:
        curves: Earlier curves in full, shape `(trials, epochs)`, at least 3 trials.
        beginning: The curve so far, shape `(epochs so far,)`, at least one.
    """
    so_far = len(beginning)
    features = np.array([_features(curve[:so_far]) for curve in curves])
    center, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > _LEAST_SPREAD, spread, 1.0)
    known = (features - center) / spread
    asked = (_features(beginning) - center) / spread
    finals = curves[:, -1]
    mean = float(finals.mean())
    error, leverage, foreseen = min(
        (_ridge(known, finals - mean, asked, penalty) for penalty in PENALTIES),
        key=lambda fit: fit[0],
    )
    return Forecast(
        mean + foreseen,
        max(float(np.sqrt(error * (1 + leverage))), _LEAST_SPREAD),
        max(len(curves) - 2, 1),
    )


def _features(beginning: Vector) -> Vector:
    """Return a curve's last value, its recent level, its recent slope and its best value."""
    recent = beginning[-RECENT_EPOCHS:]
    slope = (recent[-1] - recent[0]) / max(len(recent) - 1, 1)
    return np.array([beginning[-1], recent.mean(), slope, beginning.max()])


def _ridge(
    known: Matrix, targets: Vector, asked: Vector, penalty: float
) -> tuple[float, float, float]:
    """Return the mean squared leave-one-out error, the asked point's leverage and its estimate.

    Leaving a row out costs its residual over one minus its leverage (Hastie, Tibshirani,
    Friedman: The Elements of Statistical Learning, equation 7.64); the mean counts as fitted too.
    """
    inverse = np.linalg.inv(known.T @ known + penalty * np.eye(known.shape[1]))
    weights = inverse @ known.T @ targets
    share = 1 / len(known)
    leverages = np.einsum("ij,jk,ik->i", known, inverse, known) + share
    residuals = (targets - known @ weights) / np.maximum(1 - leverages, share)
    leverage = float(asked @ inverse @ asked) + share
    return float(np.mean(residuals**2)), leverage, float(asked @ weights)
