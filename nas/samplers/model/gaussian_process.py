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
_BLOCK = 512
"""Rows that are predicted together: their covariances fit into the processor's cache."""

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

    def compare(self, left: Views, right: Views, inner: Matrix | None = None) -> Matrix:
        """Return scaled inner products or squared distances, shape `(left, right)`.

        `inner` is the view's inner products, where another kernel has computed them.
        """
        a, b = left[self.view], right[self.view]
        inner = a @ b.T if inner is None else inner
        if self.linear:
            return inner / self.scale
        squared = inner * -2.0
        squared += _squares(a)[:, None]
        squared += _squares(b)[None, :]
        np.maximum(squared, 0.0, out=squared)
        squared /= self.scale
        return squared

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

    def _covariance(self, left: Views, right: Views, matching: _Matching | None = None) -> Matrix:
        """Return the covariance without noise; `matching` is that of `right`, if it is known."""
        total = self._fixed(left, right)
        inner: dict[View, Matrix] = {}
        for kernel, amplitude, rate in self._weighted():
            if isinstance(kernel, MatchKernel):
                continue
            if kernel.view not in inner:
                inner[kernel.view] = left[kernel.view] @ right[kernel.view].T
            total += _apply(kernel.compare(left, right, inner[kernel.view]), amplitude, rate)
        matching = matching or self._matching(right)
        return total if matching is None else total + matching(left)

    def _matching(self, right: Views) -> _Matching | None:
        matches = [
            (kernel.column, amplitude)
            for kernel, amplitude, _ in self._weighted()
            if isinstance(kernel, MatchKernel)
        ]
        return _Matching(right, matches) if matches else None

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
    if rate is None:
        scaled: Matrix = np.exp(amplitude) * values
        return scaled
    exponent = values * -rate
    exponent += amplitude
    return np.exp(exponent, out=exponent)


class _Matching:
    """The covariance of all match kernels at once, each a column and a log amplitude.

    A row has one code in each column, so that a product of sparse indicators counts the codes
    that two rows share: many times faster than to compare column by column.
    """

    def __init__(self, right: Views, matches: Sequence[tuple[int, float]]) -> None:
        self._columns = [column for column, _ in matches]
        codes = right[View.INTERACTIONS][:, self._columns].astype(np.intp)
        # The last row stands for all codes that no row on the right has.
        self._shared = np.zeros((int(codes.max(initial=0)) + 2, len(codes)))
        worth = np.exp([amplitude for _, amplitude in matches])
        self._shared[codes, np.arange(len(codes))[:, None]] = worth

    def __call__(self, left: Views) -> Matrix:
        """Return the covariance, shape `(left, right)`."""
        codes = left[View.INTERACTIONS][:, self._columns].astype(np.intp)
        codes = np.minimum(codes, len(self._shared) - 1)
        starts = np.arange(len(codes) + 1) * codes.shape[1]
        shape = (len(codes), len(self._shared))
        covariance: Matrix = (
            csr_array((np.ones(codes.size), codes.ravel(), starts), shape=shape) @ self._shared
        )
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
        weights = cho_solve(self.factor, self.residual)
        matching = self.process._matching(self.views)
        mean, spread = np.empty(len(views[View.CAPACITY])), np.empty(len(views[View.CAPACITY]))
        for start in range(0, len(mean), _BLOCK):
            part = slice(start, start + _BLOCK)
            block = {view: rows[part] for view, rows in views.items()}
            mean[part], spread[part] = self._predict_block(block, weights, matching)
        return mean, spread

    def _predict_block(
        self, views: Views, weights: Vector, matching: _Matching | None
    ) -> tuple[Vector, Vector]:
        process = self.process
        across = process._covariance(views, self.views, matching)
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
