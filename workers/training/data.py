"""Images on the device, and batches of them augmented there."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from nas.datasets import Split


class DeviceImages:
    """A split held on the device: images `(N, C, H, W)` uint8, labels `(N,)` int64."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self.images = _to_device(torch.from_numpy(split.images), device)
        self.labels = _to_device(torch.from_numpy(split.labels), device)

    def __len__(self) -> int:
        return len(self.labels)

    def channel_statistics(self) -> tuple[Tensor, Tensor]:
        """Return the channels' mean and standard deviation, `(1, C, 1, 1)`, of values in [0, 1]."""
        values = self.images.double() / 255
        std, mean = torch.std_mean(values, dim=(0, 2, 3), keepdim=True, correction=0)
        return mean.float(), std.clamp_min(1e-3).float()

    def training_batches(
        self, batch_size: int, max_shift: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield shuffled, shifted batches of nearly equal size: float images in [0, 1], labels.

        `generator` lives on the device. No batch is larger than `batch_size`.
        """
        order = torch.randperm(len(self), generator=generator, device=self.images.device)
        for chosen in order.tensor_split(count_batches(len(self), batch_size)):
            shifted = random_shift(self.images[chosen], max_shift, generator)
            yield shifted.float().div_(255), self.labels[chosen]

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images in order, unchanged: float images in [0, 1], labels."""
        for start in range(0, len(self), batch_size):
            images = self.images[start : start + batch_size]
            yield images.float().div_(255), self.labels[start : start + batch_size]


def count_batches(images: int, batch_size: int) -> int:
    """Return the number of batches, at least one, that hold `images`."""
    return max(1, -(-images // batch_size))


def random_shift(images: Tensor, max_shift: int, generator: torch.Generator) -> Tensor:
    """Shift each image `(N, C, H, W)` by up to `max_shift` pixels a side, filling with zeros."""
    if max_shift == 0:
        return images
    n, channels, height, width = images.shape
    padded = F.pad(images, (max_shift,) * 4)
    offsets = torch.randint(2 * max_shift + 1, (2, n, 1), generator=generator, device=images.device)
    rows = offsets[0] + torch.arange(height, device=images.device)
    columns = offsets[1] + torch.arange(width, device=images.device)
    batch = torch.arange(n, device=images.device)[:, None, None, None]
    channel = torch.arange(channels, device=images.device)[None, :, None, None]
    return padded[batch, channel, rows[:, None, :, None], columns[:, None, None, :]]


def _to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy to the device; through pinned memory where that makes the copy asynchronous."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    # A copy: arrays that came through Ray's object store are read-only.
    return tensor.clone()
