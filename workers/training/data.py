"""Images on the device, and batches of them augmented there."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from nas.datasets import Split
from nas.recipe import Augmentation


class DeviceImages:
    """A split held on the device: images `(N, C, H, W)` uint8, labels `(N,)` int64."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self.images = _to_device(split.images, device)
        self.labels = _to_device(split.labels, device)

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
        for chosen in order.tensor_split(count_batches(len(self), batch_size)):
            images = self.images[chosen].float().div_(255)
            yield random_affine(images, augmentation, generator), self.labels[chosen]

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images in order, unchanged: float images in [0, 1], labels."""
        for start in range(0, len(self), batch_size):
            images = self.images[start : start + batch_size]
            yield images.float().div_(255), self.labels[start : start + batch_size]


def count_batches(images: int, batch_size: int) -> int:
    """Return the number of batches, at least one, that hold `images`."""
    return max(1, -(-images // batch_size))


def random_affine(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Shift, turn and zoom each image `(N, C, H, W)` by amounts of its own, filling with zeros.

    One bilinear resampling does all three (Jaderberg et al.: Spatial Transformer Networks,
    NeurIPS 2015, equation 1).
    """
    if augmentation == Augmentation(max_shift=0, max_rotation=0, max_zoom=0):
        return images
    n, _, height, width = images.shape
    unit = torch.rand((4, n), generator=generator, device=images.device) * 2 - 1
    angle = unit[0] * math.radians(augmentation.max_rotation)
    zoom = 1 + unit[1] * augmentation.max_zoom
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    pixels = (
        (unit[2:] * (augmentation.max_shift + 0.5))
        .round()
        .clamp(-augmentation.max_shift, augmentation.max_shift)
    )
    # Coordinates run from -1 to 1 along each side, hence the factors of height and width.
    across = torch.stack([cos, -sin * height / width, pixels[0] * 2 / width], dim=1)
    down = torch.stack([sin * width / height, cos, pixels[1] * 2 / height], dim=1)
    grid = F.affine_grid(
        torch.stack([across, down], dim=1), list(images.shape), align_corners=False
    )
    return F.grid_sample(images, grid, align_corners=False)


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
