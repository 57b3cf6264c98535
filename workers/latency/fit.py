"""What a network takes beside its operations, fitted once per device and space.

An operation timed alone finds its inputs in the cache and its code in the branch predictor; in a
network neither is so. And modules that only call others take their time too. So

    latency = scale * (sum of operations) + per_call * (calls of modules and functions) + constant

with coefficients that are not negative, fitted to networks that were measured as a whole. The
absolute relative error is made least, not its square, by weighting anew again and again (Holland,
Welsch: Robust Regression Using Iteratively Reweighted Least-Squares, Communications in Statistics
6, 1977): some networks were measured while another process had the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.optimize import nnls

_REWEIGHTINGS = 20
_LEAST_ERROR = 1e-3
"""Smaller relative errors count as equal, or a single sample could get all the weight."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A network that was measured: its operations' sum, its calls, and its own latency, in ms."""

    operations_ms: float
    calls: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The coefficients, in milliseconds where they have a unit."""

    scale: float = 1.0
    per_call: float = 0.0
    constant: float = 0.0

    def predict(self, operations_ms: float, calls: int) -> float:
        """Return the latency in milliseconds."""
        return self.scale * operations_ms + self.per_call * calls + self.constant

    def as_json(self) -> dict[str, float]:
        """Return the coefficients as plain values."""
        return asdict(self)


def fit(samples: Sequence[Sample]) -> Fit:
    """Fit the coefficients; of fewer than three samples the sum alone is the prediction."""
    if len(samples) < 3:
        return Fit()
    terms = np.array([[s.operations_ms, s.calls, 1.0] for s in samples])
    rows = terms / np.array([s.latency_ms for s in samples])[:, None]  # of 1, which is aimed at
    weights = np.ones(len(samples))
    for _ in range(_REWEIGHTINGS):
        coefficients, _ = nnls(rows * weights[:, None], weights)
        weights = np.maximum(np.abs(rows @ coefficients - 1), _LEAST_ERROR) ** -0.5
    scale, per_call, constant = (float(value) for value in coefficients)
    return Fit(scale, per_call, constant)
