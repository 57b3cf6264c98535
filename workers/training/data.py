"""Images on the device, and batches of them augmented there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.datasets import Split
from nas.recipe import Augmentation
from workers.training.augmentation import augmented

_BLOCK_VALUES = 1 << 20
"""Batches are augmented together up to so many values, 4 MiB of floats: small images cost a few
kernels a block, not a batch, and the block still fits a core's cache."""


class TrainingImages(Protocol):
    """A split as training takes it, wherever its images lie."""

    def __len__(self) -> int: ...

    def channel_statistics(self) -> tuple[Tensor, Tensor]:
        """Return the channels' mean and standard deviation, `(1, C, 1, 1)`, of values in [0, 1]."""

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield shuffled, augmented batches of nearly equal size: float images in [0, 1], labels.

        `generator` lives on the device. No batch is larger than `batch_size`.
        """

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images in order, unchanged: float images in [0, 1], labels."""


class DeviceImages:
    """A split held on the device: images `(N, C, H, W)` uint8, labels `(N,)` int64."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self.images = _to_device(split.images, device)
        self.labels = _to_device(split.labels, device)
        self._mirrors = split.mirrors

    def __len__(self) -> int:
        return len(self.labels)

    def channel_statistics(self) -> tuple[Tensor, Tensor]:
        """Return the channels' mean and standard deviation, `(1, C, 1, 1)`, of values in [0, 1]."""
        values = self.images.double() / 255
        std, mean = torch.std_mean(values, dim=(0, 2, 3), keepdim=True, correction=0)
        return mean.float(), std.clamp_min(1e-3).float()

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield shuffled, augmented batches of nearly equal size: float images in [0, 1], labels.

        `generator` lives on the device. No batch is larger than `batch_size`.
        """
        order = torch.randperm(len(self), generator=generator, device=self.images.device)
        batches = order.tensor_split(count_batches(len(self), batch_size))
        for block in _blocks(batches, self.images[0].numel()):
            chosen = torch.cat(block)
            images = augmented(
                self.images[chosen], augmentation, generator, mirrors=self._mirrors
            ).contiguous(memory_format=torch.channels_last)
            sizes = [len(batch) for batch in block]
            labels = self.labels[chosen]
            yield from zip(torch.split(images, sizes), torch.split(labels, sizes), strict=True)

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images in order, unchanged: float images in [0, 1], labels."""
        for start in range(0, len(self), batch_size):
            images = self.images[start : start + batch_size]
            yield images.float().div_(255), self.labels[start : start + batch_size]


def count_batches(images: int, batch_size: int) -> int:
    """Return the number of batches, at least one, that hold `images`."""
    return max(1, -(-images // batch_size))


def _blocks(batches: Sequence[Tensor], values_per_image: int) -> Iterator[list[Tensor]]:
    """Group batches that are augmented together; at least one a block."""
    per_block = max(1, _BLOCK_VALUES // max(1, len(batches[0]) * values_per_image))
    for start in range(0, len(batches), per_block):
        yield list(batches[start : start + per_block])


def _to_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """Copy to the device, through pinned memory where that makes the copy asynchronous.

    The CPU's images stay where they are: all trials of a node read the one copy in Ray's store.
    """
    if device.type == "cpu":
        with warnings.catch_warnings():
            # Ray's copy is read-only, which torch cannot express; nothing here writes to it.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
            return torch.from_numpy(array)
    tensor = torch.tensor(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
