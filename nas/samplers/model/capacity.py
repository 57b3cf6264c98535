"""Estimates of figures that take an analysis, or a network, in microseconds.

The exact figure is too slow for each of the thousand candidates that a proposal is chosen from.
MACs are close to linear in simple features where layers add up, as in cells, and their logarithm
is where they multiply, as with widths: what fits better is taken. Of a proxy's scores, which may
span thirty orders of magnitude, the rank is what counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_RIDGE = 1.0


class Estimate:
    """Ridge regression of a figure on features; with less than two figures it is 0 for all."""

    def __init__(self, rows: Matrix, targets: Sequence[Vector]) -> None:
        """Fit the one of `targets`, each of one figure per row, that the features tell best."""
        self._weights = np.zeros(rows.shape[1])
        self._offset, self._spread = 0.0, 1.0
        if len(rows) < 2:
            return
        candidates = [_ridge(rows, _standardised(each)) for each in targets]
        self._weights, _ = min(candidates, key=lambda candidate: candidate[1])
        estimates = rows @ self._weights
        self._offset = float(estimates.mean())
        self._spread = float(estimates.std()) or 1.0

    def __call__(self, features: Matrix) -> Vector:
        """Return one figure per row: about 0 on average, 1 for a standard deviation more."""
        estimates: Vector = (features @ self._weights - self._offset) / self._spread
        return estimates


def estimate_capacity(features: Matrix, macs: Sequence[int | None]) -> Estimate:
    """Estimate MACs or their logarithm; those of None are left out."""
    rows, figures = _known(features, macs)
    return Estimate(rows, [figures, np.log1p(figures)])


def estimate_proxy(features: Matrix, scores: Sequence[float | None]) -> Estimate:
    """Estimate the normal score of a proxy's score; those of None are left out."""
    rows, figures = _known(features, scores)
    return Estimate(rows, [normal_scores(figures)])


def normal_scores(values: Sequence[float] | Vector) -> Vector:
    """Replace each value by the normal quantile of its rank: outliers and scale do not matter."""
    scores: Vector = ndtri((rankdata(values) - 0.5) / len(values))
    return scores


def _known(features: Matrix, figures: Sequence[float | None]) -> tuple[Matrix, Vector]:
    known = np.array([value is not None for value in figures], bool)
    return features[known], np.array([value for value in figures if value is not None], np.float64)


def _standardised(values: Vector) -> Vector:
    standardised: Vector = (values - values.mean()) / (values.std() or 1.0)
    return standardised


def _ridge(rows: Matrix, targets: Vector) -> tuple[Vector, float]:
    """Return weights and the mean squared error of predicting standardised targets."""
    centred = rows - rows.mean(axis=0)
    gram = centred.T @ centred + _RIDGE * np.eye(rows.shape[1])
    weights: Vector = np.linalg.solve(gram, centred.T @ targets)
    return weights, float(np.mean((centred @ weights - targets) ** 2))
