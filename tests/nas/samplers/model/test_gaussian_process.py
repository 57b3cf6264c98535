from __future__ import annotations

import numpy as np
import pytest

from nas.samplers.model import gaussian_process
from nas.samplers.model.features import View
from nas.samplers.model.gaussian_process import GaussianProcess
from nas.samplers.model.kernels import Kernel, MatchKernel

KERNELS = (
    Kernel(View.ONE_HOT, linear=True, scale=2.0),
    Kernel(View.ONE_HOT, linear=False, scale=3.0),
    MatchKernel(0, 0.2),
    MatchKernel(1, 0.3),
)


def views(rows: int, seed: int) -> dict[View, np.ndarray]:
    rng = np.random.default_rng(seed)
    answers = rng.integers(3, size=(rows, 2))
    return {
        View.ONE_HOT: np.eye(3)[answers].reshape(rows, 6),
        View.INTERACTIONS: answers + np.array([0.0, 3.0]),
        View.CAPACITY: rng.normal(size=(rows, 1)),
    }


def test_predictions_of_many_rows_are_those_of_the_textbook(monkeypatch):
    monkeypatch.setattr(gaussian_process, "_BLOCK", 4)
    known, new = views(8, 0), views(11, 1)
    targets = np.random.default_rng(2).normal(size=8)
    process = GaussianProcess(KERNELS, slope=0.3, slope_spread=0.5)
    mean, spread = process.condition(known, targets).predict(new)

    def covariance(a, b):
        inner = a[View.ONE_HOT] @ b[View.ONE_HOT].T
        apart = ((a[View.ONE_HOT][:, None] - b[View.ONE_HOT][None]) ** 2).sum(axis=2)
        alike = a[View.INTERACTIONS][:, None] == b[View.INTERACTIONS][None]
        capacity = a[View.CAPACITY] @ b[View.CAPACITY].T
        return (
            1
            + 0.25 * capacity
            + 0.2 * inner / 2
            + 0.25 * np.exp(-3 * apart / 3)
            + alike @ [0.2, 0.3]
        )

    believed = 0.3 * known[View.CAPACITY].sum(axis=1)
    gain = covariance(new, known) @ np.linalg.inv(covariance(known, known) + 0.100001 * np.eye(8))
    expected = 0.3 * new[View.CAPACITY].sum(axis=1) + gain @ (targets - believed)
    variance = np.diag(covariance(new, new)) - (gain * covariance(new, known)).sum(axis=1)
    np.testing.assert_allclose(mean, expected)
    np.testing.assert_allclose(spread, np.sqrt(variance), rtol=1e-5)
    assert process.noise == pytest.approx(np.sqrt(0.1))
