"""The contract of a data set: what it is, known at once, and its images, loaded when needed."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nas.errors import InvalidInputError
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
    """Images `(N, C, H, W)` as uint8 and their class indices `(N,)` as int64.

    `mirrors` says that an image keeps its class when mirrored left to right.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    mirrors: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: NDArray[np.int64]) -> Split:
        """Return some of the images, in the order of `indices`."""
        return Split(self.images[indices], self.labels[indices], self.mirrors)

    def joined(self, other: Split) -> Split:
        """Return this split followed by another."""
        return Split(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.labels, other.labels]),
            self.mirrors and other.mirrors,
        )


@dataclass(frozen=True)
class ImageData:
    """A data set in memory. Samplers learn from `validation`; `test` is for the winner alone.

    `unreadable` counts the images that were left out because they could not be read.
    """

    train: Split
    validation: Split
    test: Split
    unreadable: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all images and labels in their splits."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            for array in (split.images, split.labels):
                digest.update(repr((array.shape, str(array.dtype))).encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        if self.train.mirrors:
            digest.update(b"mirrors")
        return digest.hexdigest()


class ImageReader(ABC):
    """Reads images one by one where they are needed, in another process too."""

    @abstractmethod
    def read(self, index: int) -> NDArray[np.uint8]:
        """Return an image `(C, H, W)`; raises `OSError` if it cannot be read."""


@dataclass(frozen=True, slots=True)
class StreamedSplit:
    """Images that stay on disk: numbers `(N,)` by which `reader` finds them, and their classes.

    At most `most_unreadable`, a share, may turn out to be unreadable.
    """

    reader: ImageReader
    indices: NDArray[np.int64]
    labels: NDArray[np.int64]
    mirrors: bool
    most_unreadable: float

    def __len__(self) -> int:
        return len(self.labels)

    def joined(self, other: StreamedSplit) -> StreamedSplit:
        """Return this split followed by another of the same data set."""
        return replace(
            self,
            indices=np.concatenate([self.indices, other.indices]),
            labels=np.concatenate([self.labels, other.labels]),
        )


@dataclass(frozen=True)
class StreamedData:
    """A data set too large for memory; `fingerprint` covers its files' names and sizes."""

    train: StreamedSplit
    validation: StreamedSplit
    test: StreamedSplit
    fingerprint: str
    unreadable: int = 0


AnyData = ImageData | StreamedData
AnySplit = Split | StreamedSplit


def train_and_validation(data: AnyData) -> AnySplit:
    """Return both as one split, to train the winner on."""
    if isinstance(data, ImageData):
        return data.train.joined(data.validation)
    return data.train.joined(data.validation)


def in_memory_part(split: AnySplit, most: int) -> Split:
    """Return a split that is in memory as it is; of one on disk, the first `most` readable images.

    Raises:
        InvalidInputError: None can be read.
    """
    if isinstance(split, Split):
        return split
    images, labels = [], []
    for index, label in zip(split.indices.tolist(), split.labels.tolist(), strict=True):
        try:
            images.append(split.reader.read(index))
        except OSError:
            continue
        labels.append(label)
        if len(labels) == most:
            break
    if not images:
        raise InvalidInputError("dataset: none of a split's images can be read")
    return Split(np.stack(images), np.array(labels, dtype=np.int64), split.mirrors)


def held_in_memory(data: AnyData, needed_by: str) -> ImageData:
    """Return the data if it is in memory; raises `InvalidInputError` naming what needs it there."""
    if isinstance(data, ImageData):
        return data
    raise InvalidInputError(
        f"dataset: got one that is read from disk while training, but {needed_by} needs all images "
        "in memory; allowed: a smaller size=, or stream=false where memory suffices"
    )


class Dataset(ABC):
    """A named source of images; `load` is called once per job, in the process that runs it."""

    @property
    @abstractmethod
    def info(self) -> DatasetInfo:
        """What is known without reading the images."""

    @abstractmethod
    def load(self) -> AnyData:
        """Read and split the images; the same call always returns the same splits."""
