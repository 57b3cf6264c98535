"""Images that stay on disk, decoded by processes beside the training while it goes on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from nas.datasets import AnySplit, Split, StreamedSplit
from nas.errors import TrialFailedError
from nas.recipe import Augmentation
from workers.training.augmentation import augmented
from workers.training.data import DeviceImages, TrainingImages, count_batches

_LOG = logging.getLogger(__name__)

_STATISTICS_IMAGES = 2048
_PREFETCHED_BATCHES = 4
_MOST_WORKERS = 8


def open_images(split: AnySplit, device: torch.device) -> TrainingImages:
    """Put a split onto the device, or make ready to read it from disk."""
    if isinstance(split, Split):
        return DeviceImages(split, device)
    return StreamedImages(split, device)


class StreamedImages:
    """A split on disk: batches are read and decoded by worker processes, augmented on the device.

    The order and the augmentation depend on the generator alone, not on the number of workers.
    An image that cannot be read is left out and counted in `unreadable`, once.
    """

    def __init__(
        self, split: StreamedSplit, device: torch.device, workers: int | None = None
    ) -> None:
        self._split, self._device = split, device
        self._files = _Files(split)
        self._workers = min(_MOST_WORKERS, _usable_cores()) if workers is None else workers
        self._unreadable: set[int] = set()

    def __len__(self) -> int:
        return len(self._split)

    @property
    def unreadable(self) -> int:
        """How many images could not be read so far."""
        return len(self._unreadable)

    def channel_statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of each channel, `(1, C, 1, 1)`, of a fixed sample."""
        chosen = torch.linspace(0, len(self) - 1, min(len(self), _STATISTICS_IMAGES)).long()
        means, squares, sizes = [], [], []
        for images, labels in self._read([part.tolist() for part in torch.split(chosen, 128)]):
            values = images.double() / 255
            means.append(values.mean((0, 2, 3), keepdim=True))
            squares.append(values.square().mean((0, 2, 3), keepdim=True))
            sizes.append(len(labels))
        share = torch.tensor(sizes, device=self._device).reshape(-1, 1, 1, 1, 1) / sum(sizes)
        mean = (torch.stack(means) * share).sum(0)
        std = ((torch.stack(squares) * share).sum(0) - mean.square()).clamp_min(0).sqrt()
        return mean.float(), std.clamp_min(1e-3).float()

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches as `TrainingImages` says."""
        order = torch.randperm(len(self), generator=generator, device=generator.device).cpu()
        parts = order.tensor_split(count_batches(len(self), batch_size))
        for images, labels in self._read([part.tolist() for part in parts]):
            floats = augmented(images, augmentation, generator, mirrors=self._split.mirrors)
            yield floats.contiguous(memory_format=torch.channels_last), labels

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches as `TrainingImages` says, without the images that cannot be read."""
        starts = range(0, len(self), batch_size)
        parts = [list(range(start, min(start + batch_size, len(self)))) for start in starts]
        for images, labels in self._read(parts):
            yield images.float().div_(255), labels

    def _read(self, parts: list[list[int]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the images of each part on the device, uint8, and their labels."""
        on_gpu = self._device.type == "cuda"
        settings: dict[str, Any] = {"prefetch_factor": _PREFETCHED_BATCHES} if self._workers else {}
        loader = DataLoader(
            self._files,
            batch_sampler=parts,
            num_workers=self._workers,
            collate_fn=_collate,
            pin_memory=on_gpu,
            **settings,
        )
        for images, labels, unreadable in loader:
            self._count(unreadable)
            if len(labels):
                yield (
                    images.to(self._device, non_blocking=on_gpu),
                    labels.to(self._device, non_blocking=on_gpu),
                )

    def _count(self, unreadable: list[int]) -> None:
        new = set(unreadable) - self._unreadable
        if not new:
            return
        self._unreadable |= new
        _LOG.warning("left out %d of %d images so far", len(self._unreadable), len(self))
        if len(self._unreadable) > self._split.most_unreadable * len(self):
            raise TrialFailedError(
                f"dataset: {len(self._unreadable)} of {len(self)} images cannot be read, "
                f"allowed: a share of {self._split.most_unreadable:g}"
            )


class _Files(TorchDataset[tuple[int, Tensor | None, int]]):
    """Decodes one image; nothing in the place of one that cannot be read."""

    def __init__(self, split: StreamedSplit) -> None:
        self._split = split

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> tuple[int, Tensor | None, int]:
        label = int(self._split.labels[index])
        try:
            image = self._split.reader.read(int(self._split.indices[index]))
        except OSError:
            return index, None, label
        return index, torch.tensor(image), label


def _collate(
    samples: list[tuple[int, Tensor | None, int]],
) -> tuple[Tensor, Tensor, list[int]]:
    read = [(image, label) for _, image, label in samples if image is not None]
    images = torch.stack([image for image, _ in read]) if read else torch.empty(0)
    labels = torch.tensor([label for _, label in read], dtype=torch.long)
    return images, labels, [index for index, image, _ in samples if image is None]


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
