"""The contract of a baseline: a classifier with fixed hyper-parameters, fitted once.

The life of a baseline, told in order:

1. When a job starts, a worker makes a fresh one from the job's seed, fits it on the training
   images and measures it on the validation images.
2. When the winner has been tested, a worker makes another from the same seed, fits it on training
   and validation images together, and measures it once on the test images.

Nothing is chosen by looking at validation images, so both are fitted with the same settings. The
same seed and the same images always give the same classifier.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from nas.datasets import Split

LARGEST_TRAINING_SET = 50_000
"""A baseline fits at most so many images, drawn at random: minutes on one core, a few GB."""


class Baseline(ABC):
    """A reference classifier of images `(N, C, H, W)` uint8; see the module's docstring."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @abstractmethod
    def fit(self, split: Split, num_classes: int) -> None:
        """Learn from a split; called once, before everything else."""

    @abstractmethod
    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the class index of each image, `(N,)`."""

    @property
    @abstractmethod
    def features(self) -> int:
        """Numbers that describe one image to the classifier."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Numbers that were learned with labels."""


class Drawable(Baseline):
    """A baseline that can show what it has learned."""

    @abstractmethod
    def picture(self) -> bytes:
        """Return a PNG of what was learned."""


def draw_training_set(split: Split, generator: np.random.Generator) -> Split:
    """Return the split, or `LARGEST_TRAINING_SET` of its images where it has more."""
    if len(split) <= LARGEST_TRAINING_SET:
        return split
    chosen = np.sort(generator.choice(len(split), LARGEST_TRAINING_SET, replace=False))
    return split.subset(chosen)
