"""Kernels, each of which compares architectures by one view of them.

Kernels of inner products and of squared distances: Rasmussen, Williams: Gaussian Processes for
Machine Learning, MIT Press 2006, equations 4.21 and 4.9, http://gaussianprocess.org/gpml
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nas.samplers.model.features import Matrix, View

Vector = NDArray[np.float64]
Views = Mapping[View, Matrix]


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
        squared += squares(a)[:, None]
        squared += squares(b)[None, :]
        np.maximum(squared, 0.0, out=squared)
        squared /= self.scale
        return squared

    def own(self, views: Views) -> Vector:
        """Return each row compared with itself: inner products, or distances of zero."""
        rows = views[self.view]
        if self.linear:
            return squares(rows) / self.scale
        return np.zeros(len(rows))


def squares(rows: Matrix) -> Vector:
    """Return the squared length of each row."""
    lengths: Vector = np.einsum("ij,ij->i", rows, rows)
    return lengths


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


def covariance(values: Matrix | Vector, amplitude: float, rate: float | None) -> Matrix:
    """Return what a kernel makes of its comparisons; `amplitude` is the logarithm of a variance.

    With a `rate` they are squared distances, else inner products.
    """
    if rate is None:
        return np.asarray(np.exp(amplitude) * values)
    exponent = values * -rate
    exponent += amplitude
    return np.exp(exponent, out=exponent)


class Matches:
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
        indicators = csr_array((np.ones(codes.size), codes.ravel(), starts), shape=shape)
        shared: Matrix = indicators @ self._shared
        return shared
