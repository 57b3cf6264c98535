"""The contract of a data set: what it is, known at once, and its images, loaded when needed."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search_spaces.base import InputShape


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What is known of a data set without loading it."""

    name: str
    summary: str
    input_shape: InputShape
    class_names: tuple[str, ...]
    train_size: int
    validation_size: int
    test_size: int
    source: str

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


@dataclass(frozen=True, slots=True)
class Split:
    """Images `(N, C, H, W)` as uint8 and their class indices `(N,)` as int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def joined(self, other: Split) -> Split:
        """Return this split followed by another."""
        return Split(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.labels, other.labels]),
        )


@dataclass(frozen=True)
class ImageData:
    """A data set in memory. Samplers learn from `validation`; `test` is for the winner alone."""

    train: Split
    validation: Split
    test: Split

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all images and labels in their splits."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            for array in (split.images, split.labels):
                digest.update(repr((array.shape, str(array.dtype))).encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


class Dataset(ABC):
    """A named source of images; `load` is called once per job, in the process that runs it."""

    info: DatasetInfo

    @abstractmethod
    def load(self) -> ImageData:
        """Read and split the images; the same call always returns the same splits."""
