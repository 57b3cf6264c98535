"""Measuring a baseline: on validation images when a job starts, on test images at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.baselines.base import Baseline, Drawable
from nas.baselines.registry import find_or_raise_baseline
from nas.baselines.result import BaselineResult
from nas.datasets import ImageData, Split


@dataclass(frozen=True, slots=True)
class Measured:
    """A baseline's result, and a PNG of what it learned if it can show that."""

    result: BaselineResult
    picture: bytes | None = None


def measure_on_validation(name: str, data: ImageData, num_classes: int, seed: int) -> Measured:
    """Fit on training images and measure on validation images; test images are not touched."""
    baseline = find_or_raise_baseline(name).create(seed)
    started = time.perf_counter()
    baseline.fit(data.train, num_classes)
    seconds = time.perf_counter() - started
    result = BaselineResult(
        name=name,
        validation_accuracy=accuracy(baseline, data.validation),
        fit_seconds=seconds,
        features=baseline.features,
        parameters=baseline.parameters,
    )
    return Measured(result, baseline.picture() if isinstance(baseline, Drawable) else None)


def measure_on_test(name: str, data: ImageData, num_classes: int, seed: int) -> float:
    """Fit on training and validation images and return the accuracy on test images."""
    baseline = find_or_raise_baseline(name).create(seed)
    baseline.fit(data.train.joined(data.validation), num_classes)
    return accuracy(baseline, data.test)


def accuracy(baseline: Baseline, split: Split) -> float:
    """Return the share of images classified right, in [0, 1]."""
    right: NDArray[np.bool_] = baseline.predict(split.images) == split.labels
    return float(right.mean())
