"""An estimate of an architecture's MACs that costs microseconds.

The exact figure takes an analysis of the whole network, too slow for each of the thousand
candidates that a proposal is chosen from. In simple features it is close to linear where layers
add up, as in cells, and its logarithm is where they multiply, as with widths: what fits better
is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_RIDGE = 1.0


class CapacityEstimate:
    """Ridge regression of MACs or their logarithm on features.

    `macs` of None are left out; with less than two others the estimate is 0 for all.
    """

    def __init__(self, features: NDArray[np.float64], macs: Sequence[int | None]) -> None:
        known = np.array([value is not None for value in macs])
        self._weights = np.zeros(features.shape[1])
        self._offset, self._spread = 0.0, 1.0
        if known.sum() < 2:
            return
        figures = np.array([value for value in macs if value is not None], np.float64)
        rows = features[known]
        candidates = [_ridge(rows, _standardised(t)) for t in (figures, np.log1p(figures))]
        self._weights, _ = min(candidates, key=lambda candidate: candidate[1])
        estimates = rows @ self._weights
        self._offset = float(estimates.mean())
        self._spread = float(estimates.std()) or 1.0

    def __call__(self, features: NDArray[np.float64]) -> Vector:
        """Return one figure per row: about 0 on average, 1 for a standard deviation more."""
        estimates: Vector = (features @ self._weights - self._offset) / self._spread
        return estimates


def _standardised(values: Vector) -> Vector:
    standardised: Vector = (values - values.mean()) / (values.std() or 1.0)
    return standardised


def _ridge(rows: NDArray[np.float64], targets: Vector) -> tuple[Vector, float]:
    """Return weights and the mean squared error of predicting standardised targets."""
    centred = rows - rows.mean(axis=0)
    gram = centred.T @ centred + _RIDGE * np.eye(rows.shape[1])
    weights: Vector = np.linalg.solve(gram, centred.T @ targets)
    return weights, float(np.mean((centred @ weights - targets) ** 2))
