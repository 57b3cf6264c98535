"""Gaussian process regression with a sum of kernels over several views.

Rasmussen, Williams: Gaussian Processes for Machine Learning, MIT Press 2006: algorithm 2.1
(prediction), equations 5.8 and 5.9 (marginal likelihood and its gradient), equations 5.10 to
5.12 (leave-one-out predictions), http://gaussianprocess.org/gpml
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.sparse import csr_array

from nas.samplers.model.features import Matrix, View

Vector = NDArray[np.float64]
Views = Mapping[View, Matrix]

_JITTER = 1e-6
_CONSTANT_VARIANCE = 1.0
_NOISE = 0.1
_RATE = 3.0
_SPREADS = {"amplitude": 1.5, "rate": 1.0, "noise": 1.5}
"""Standard deviations of the log-normal priors; values are kept within three of them."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Compares one view: `linear` by inner products, else `exp(-rate * squared distance)`.

    `scale` divides inner products and squared distances, so that both are about 1.
    """

    view: View
    linear: bool
    scale: float

    @property
    def amplitude(self) -> float:
        """The variance that it explains, before anything is known."""
        return 0.2 if self.linear else 0.25

    def compare(self, left: Views, right: Views) -> Matrix:
        """Return scaled inner products or squared distances, shape `(left, right)`."""
        a, b = left[self.view], right[self.view]
        inner = a @ b.T
        if self.linear:
            return inner / self.scale
        squared = _squares(a)[:, None] + _squares(b)[None, :] - 2 * inner
        return np.maximum(squared, 0.0) / self.scale

    def own(self, views: Views) -> Vector:
        """Return each row compared with itself: inner products, or distances of zero."""
        rows = views[self.view]
        if self.linear:
            return _squares(rows) / self.scale
        return np.zeros(len(rows))


def _squares(rows: Matrix) -> Vector:
    squares: Vector = np.einsum("ij,ij->i", rows, rows)
    return squares


def scaled_kernel(view: View, linear: bool, reference: Views) -> Kernel:
    """Make a kernel whose comparisons are 1 on average over `reference`."""
    unscaled = Kernel(view, linear, 1.0)
    values = unscaled.own(reference) if linear else unscaled.compare(reference, reference)
    mean = float(values.mean())
    return Kernel(view, linear, mean if mean > 0 else 1.0)


@dataclass(frozen=True, slots=True)
class MatchKernel:
    """Compares the answers to one group of decisions: 1 where all are equal, else 0.

    `column` is the group's in the view of interactions, whose codes differ from those of
    all other groups; `amplitude` is its expected variance.
    """

    column: int
    amplitude: float
    linear: ClassVar[bool] = True

    def compare(self, left: Views, right: Views) -> Matrix:
        """Return which answers are equal, shape `(left, right)`."""
        a, b = (views[View.INTERACTIONS][:, self.column] for views in (left, right))
        alike: Matrix = (a[:, None] == b[None, :]).astype(np.float64)
        return alike

    def own(self, views: Views) -> Vector:
        """Return each row compared with itself."""
        return np.ones(len(views[View.INTERACTIONS]))


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
        covariance = self._covariance(views, views)
        covariance.flat[:: len(targets) + 1] += np.exp(self.parameters[-1]) + _JITTER
        return Posterior(
            self, views, targets - self._mean(views), cho_factor(covariance, True), targets.max()
        )

    def _mean(self, views: Views) -> Vector:
        believed: Vector = self.slope * views[View.CAPACITY].sum(axis=1)
        return believed

    def _fixed(self, left: Views, right: Views) -> Matrix:
        """Return the part of the covariance without hyper-parameters: constant and slope."""
        capacity: Matrix = left[View.CAPACITY] @ right[View.CAPACITY].T
        return _CONSTANT_VARIANCE + self.slope_spread**2 * capacity

    def _covariance(self, left: Views, right: Views) -> Matrix:
        total = self._fixed(left, right)
        matches: list[tuple[int, float]] = []
        for kernel, amplitude, rate in self._weighted():
            if isinstance(kernel, MatchKernel):
                matches.append((kernel.column, amplitude))
            else:
                total += _apply(kernel.compare(left, right), amplitude, rate)
        return total + _matching(left, right, matches) if matches else total

    def prior_variance(self, views: Views) -> Vector:
        """Return each row's variance before there are data, noise left out."""
        capacity = _squares(views[View.CAPACITY])
        total: Vector = _CONSTANT_VARIANCE + self.slope_spread**2 * capacity
        for kernel, amplitude, rate in self._weighted():
            total = total + _apply(kernel.own(views), amplitude, rate)
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
            part = _apply(values, float(amplitude), rate)
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


def _apply(values: NDArray[np.float64], amplitude: float, rate: float | None) -> Matrix:
    covariance: Matrix = (
        np.exp(amplitude) * values if rate is None else np.exp(amplitude - rate * values)
    )
    return covariance


def _matching(left: Views, right: Views, matches: Sequence[tuple[int, float]]) -> Matrix:
    """Return the covariance of all match kernels at once, each a column and a log amplitude.

    A row has one code in each column, so that a product of sparse indicators counts the codes
    that two rows share: many times faster than to compare column by column.
    """
    columns = [column for column, _ in matches]
    a, b = (views[View.INTERACTIONS][:, columns].astype(np.intp) for views in (left, right))
    shared = np.zeros((int(max(a.max(initial=0), b.max(initial=0))) + 1, len(b)))
    shared[b, np.arange(len(b))[:, None]] = np.exp([amplitude for _, amplitude in matches])
    starts = np.arange(len(a) + 1) * a.shape[1]
    indicators = csr_array((np.ones(a.size), a.ravel(), starts), shape=(len(a), len(shared)))
    covariance: Matrix = indicators @ shared
    return covariance


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
        process = self.process
        across = process._covariance(views, self.views)
        mean = process._mean(views) + across @ cho_solve(self.factor, self.residual)
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
