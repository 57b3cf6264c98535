"""Gaussian process regression with a sum of kernels over several views.

Rasmussen, Williams: Gaussian Processes for Machine Learning, MIT Press 2006: algorithm 2.1
(prediction), equations 5.8 and 5.9 (marginal likelihood and its gradient), equations 5.10 to
5.12 (leave-one-out predictions), http://gaussianprocess.org/gpml
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from nas.samplers.model.features import Matrix, View
from nas.samplers.model.kernels import (
    Kernel,
    Matches,
    MatchKernel,
    Vector,
    Views,
    covariance,
    squares,
)

_JITTER = 1e-6
_BLOCK = 512
"""Rows that are predicted together: their covariances fit into the processor's cache."""

_CONSTANT_VARIANCE = 1.0
_NOISE = 0.1
_RATE = 3.0
_SPREADS = {"amplitude": 1.5, "rate": 1.0, "noise": 1.5}
"""Standard deviations of the log-normal priors; values are kept within three of them."""


class GaussianProcess:
    """Regression on a sum of kernels, a constant, and slopes over estimated capacity.

    `slope` and `slope_spread` are mean and standard deviation of what is believed of the
    coefficient of each column of capacity before there are data; data may turn it round.
    """

    def __init__(
        self,
        kernels: Sequence[Kernel | MatchKernel],
        *,
        slope: float = 0.0,
        slope_spread: float = 0.0,
    ) -> None:
        self.kernels = tuple(kernels)
        self.slope = slope
        self.slope_spread = slope_spread
        curved = [kernel for kernel in self.kernels if not kernel.linear]
        self._expected = np.log(
            [kernel.amplitude for kernel in self.kernels] + [_RATE] * len(curved) + [_NOISE]
        )
        self._spread = np.array(
            [_SPREADS["amplitude"]] * len(self.kernels)
            + [_SPREADS["rate"]] * len(curved)
            + [_SPREADS["noise"]]
        )
        self.parameters: Vector = self._expected.copy()

    @property
    def noise(self) -> float:
        """The standard deviation of a result around its noiseless value."""
        return float(np.exp(self.parameters[-1] / 2))

    def fit(self, views: Views, targets: Vector, *, steps: int) -> None:
        """Improve the hyper-parameters' posterior density by up to `steps` steps of L-BFGS."""
        compared = [kernel.compare(views, views) for kernel in self.kernels]
        fixed = self._fixed(views, views)
        residual = targets - self._mean(views)
        bounds = np.stack(
            [self._expected - 3 * self._spread, self._expected + 3 * self._spread], axis=1
        )
        found = minimize(
            self._loss,
            self.parameters,
            args=(compared, fixed, residual),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": steps},
        )
        if np.isfinite(found.fun):
            self.parameters = found.x

    def condition(self, views: Views, targets: Vector) -> Posterior:
        """Return the posterior given rows and their targets."""
        noisy = self._covariance(views, views)
        noisy.flat[:: len(targets) + 1] += np.exp(self.parameters[-1]) + _JITTER
        residual = targets - self._mean(views)
        return Posterior(self, views, residual, cho_factor(noisy, True), targets.max())

    def _mean(self, views: Views) -> Vector:
        believed: Vector = self.slope * views[View.CAPACITY].sum(axis=1)
        return believed

    def _fixed(self, left: Views, right: Views) -> Matrix:
        """Return the part of the covariance without hyper-parameters: constant and slope."""
        capacity: Matrix = left[View.CAPACITY] @ right[View.CAPACITY].T
        return _CONSTANT_VARIANCE + self.slope_spread**2 * capacity

    def _covariance(self, left: Views, right: Views, matches: Matches | None = None) -> Matrix:
        """Return the covariance without noise; `matches` is that of `right`, if it is known."""
        total = self._fixed(left, right)
        inner: dict[View, Matrix] = {}
        for kernel, amplitude, rate in self._weighted():
            if isinstance(kernel, MatchKernel):
                continue
            if kernel.view not in inner:
                inner[kernel.view] = left[kernel.view] @ right[kernel.view].T
            total += covariance(kernel.compare(left, right, inner[kernel.view]), amplitude, rate)
        matches = matches or self._matches(right)
        return total if matches is None else total + matches(left)

    def _matches(self, right: Views) -> Matches | None:
        columns = [
            (kernel.column, amplitude)
            for kernel, amplitude, _ in self._weighted()
            if isinstance(kernel, MatchKernel)
        ]
        return Matches(right, columns) if columns else None

    def prior_variance(self, views: Views) -> Vector:
        """Return each row's variance before there are data, noise left out."""
        capacity = squares(views[View.CAPACITY])
        total: Vector = _CONSTANT_VARIANCE + self.slope_spread**2 * capacity
        for kernel, amplitude, rate in self._weighted():
            total = total + covariance(kernel.own(views), amplitude, rate)
        return total

    def _weighted(self) -> list[tuple[Kernel | MatchKernel, float, float | None]]:
        """Return each kernel with its logarithmic amplitude and, if it has one, its rate."""
        rates = iter(self.parameters[len(self.kernels) : -1])
        return [
            (kernel, float(amplitude), None if kernel.linear else float(np.exp(next(rates))))
            for kernel, amplitude in zip(self.kernels, self.parameters, strict=False)
        ]

    def _loss(
        self, parameters: Vector, compared: Sequence[Matrix], fixed: Matrix, residual: Vector
    ) -> tuple[float, Vector]:
        """Return the negative log posterior of hyper-parameters and its gradient."""
        size = len(residual)
        total = fixed.copy()
        amplitude_slopes, rate_slopes = [], []
        rates = iter(np.exp(parameters[len(self.kernels) : -1]))
        for kernel, values, amplitude in zip(self.kernels, compared, parameters, strict=False):
            rate = None if kernel.linear else float(next(rates))
            part = covariance(values, float(amplitude), rate)
            amplitude_slopes.append(part)
            if rate is not None:
                rate_slopes.append(-rate * values * part)
            total += part
        noise = np.exp(parameters[-1])
        total.flat[:: size + 1] += noise + _JITTER
        try:
            factor = cho_factor(total, True, check_finite=False)
        except LinAlgError:
            return np.inf, np.zeros_like(parameters)
        inverse = cho_solve(factor, np.eye(size), check_finite=False)
        alpha = inverse @ residual
        away = (parameters - self._expected) / self._spread
        loss = 0.5 * residual @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * away @ away
        weights = inverse - np.outer(alpha, alpha)
        gradient = [0.5 * np.vdot(weights, each) for each in (*amplitude_slopes, *rate_slopes)]
        gradient.append(0.5 * noise * np.trace(weights))
        return float(loss), np.array(gradient) + away / self._spread


@dataclass(frozen=True)
class Posterior:
    """What a Gaussian process says after seeing data."""

    process: GaussianProcess
    views: Views
    residual: Vector
    factor: tuple[Matrix, bool]
    best: float

    def predict(self, views: Views) -> tuple[Vector, Vector]:
        """Return mean and standard deviation of the noiseless value at each row."""
        weights = cho_solve(self.factor, self.residual)
        matches = self.process._matches(self.views)
        mean, spread = np.empty(len(views[View.CAPACITY])), np.empty(len(views[View.CAPACITY]))
        for start in range(0, len(mean), _BLOCK):
            part = slice(start, start + _BLOCK)
            block = {view: rows[part] for view, rows in views.items()}
            mean[part], spread[part] = self._predict_block(block, weights, matches)
        return mean, spread

    def _predict_block(
        self, views: Views, weights: Vector, matches: Matches | None
    ) -> tuple[Vector, Vector]:
        process = self.process
        across = process._covariance(views, self.views, matches)
        mean = process._mean(views) + across @ weights
        explained = solve_triangular(self.factor[0], across.T, lower=True, check_finite=False)
        variance = process.prior_variance(views) - (explained**2).sum(axis=0)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def interpolate(self, values: Vector, views: Views) -> Vector:
        """Carry other values of the same rows, such as labels, over to new rows."""
        across = self.process._covariance(views, self.views)
        centre = values.mean()
        carried: Vector = centre + across @ cho_solve(self.factor, values - centre)
        return carried

    def leave_one_out(self) -> Vector:
        """Return the log density of each target as predicted from all others."""
        inverse = cho_solve(self.factor, np.eye(len(self.residual)))
        alpha, precision = inverse @ self.residual, np.diag(inverse)
        density: Vector = 0.5 * (np.log(precision / (2 * np.pi)) - alpha**2 / precision)
        return density
