"""The training loops that people write by hand, for `training.py` to compare with.

Both train the network that the service would, with the same optimiser, losses and clipping, the
way PyTorch's own tutorials do it: contiguous memory, a step that reads its loss, one kernel per
parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import InterpolationMode, v2

from nas.datasets import Split
from nas.recipe import Augmentation, AugmentationPolicy, Recipe
from search_spaces import Architecture, InputShape
from workers.training.augmentation import random_affine, random_flip
from workers.training.candidate import new_model
from workers.training.policies import apply_policy

Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]


class PlainTraining:
    """One candidate in a loop written by hand, with the service's recipe and schedule."""

    def __init__(
        self,
        architecture: Architecture,
        shape: InputShape,
        num_classes: int,
        *,
        train: Split,
        batches: Batches,
        recipe: Recipe,
        epochs: int,
        device: torch.device,
    ) -> None:
        self.model = new_model(architecture, shape, num_classes, 0).to(device)
        values = torch.tensor(train.images).double() / 255
        std, mean = torch.std_mean(values, dim=(0, 2, 3), keepdim=True, correction=0)
        self.model.mean.copy_(mean)
        self.model.std.copy_(std.clamp_min(1e-3))
        self._batches, self._recipe, self._device = batches, recipe, device
        self._optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=recipe.peak_learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.decay,
            nesterov=True,
        )
        steps = -(-len(train) // recipe.batch_size)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            max_lr=recipe.peak_learning_rate,
            total_steps=epochs * steps + 1,
            pct_start=min(0.5, recipe.warmup_epochs / epochs),
            cycle_momentum=False,
        )

    def run_epoch(self) -> float:
        """Train for one epoch and return the sum of its batches' losses."""
        self.model.train()
        total = 0.0
        for images, labels in self._batches():
            images, labels = images.to(self._device), labels.to(self._device)
            self._optimizer.zero_grad()
            loss = F.cross_entropy(
                self.model(images), labels, label_smoothing=self._recipe.label_smoothing
            )
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self._recipe.gradient_clip)
            self._optimizer.step()
            self._schedule.step()
            total += loss.item()
        return total

    @torch.no_grad()
    def accuracy(self, split: Split) -> float:
        """Measure on a split, in the batches of the training."""
        self.model.eval()
        data = TensorDataset(torch.tensor(split.images).float() / 255, torch.tensor(split.labels))
        right = 0
        for images, labels in DataLoader(data, batch_size=self._recipe.batch_size):
            logits = self.model(images.to(self._device))
            right += int((logits.argmax(1) == labels.to(self._device)).sum())
        return right / len(split)


def tensor_batches(split: Split, recipe: Recipe) -> Batches:
    """Return (a): tensors through a DataLoader, each batch augmented by our batched functions."""
    data = TensorDataset(torch.tensor(split.images).float() / 255, torch.tensor(split.labels))
    loader = DataLoader(data, batch_size=recipe.batch_size, shuffle=True)
    generator = torch.Generator().manual_seed(0)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in loader:
            if split.mirrors:
                images = random_flip(images, generator)
            images = random_affine(images, recipe.augmentation, generator)
            if recipe.augmentation.policy is not AugmentationPolicy.NONE:
                images = apply_policy(images, recipe.augmentation, generator)
            yield images, labels

    return batches


def image_batches(split: Split, recipe: Recipe, workers: int) -> Batches:
    """Return (b): images through torchvision's transforms one by one, in a DataLoader's workers."""
    loader = DataLoader(
        _Images(split, _transform(split, recipe.augmentation)),
        batch_size=recipe.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    return lambda: iter(loader)


class _Images(Dataset[tuple[Tensor, int]]):
    def __init__(self, split: Split, transform: Callable[[Any], Tensor]) -> None:
        arrays = split.images[:, 0] if split.images.shape[1] == 1 else split.images
        if arrays.ndim == 4:
            arrays = arrays.transpose(0, 2, 3, 1)
        self._images = [Image.fromarray(array) for array in arrays]
        self._labels = split.labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(self._images[index]), self._labels[index]


def _transform(split: Split, augmentation: Augmentation) -> Callable[[Any], Tensor]:
    height, width = split.images.shape[2:]
    shift = augmentation.max_shift
    steps: list[nn.Module] = [v2.RandomHorizontalFlip()] if split.mirrors else []
    steps.append(
        v2.RandomAffine(
            augmentation.max_rotation,
            translate=(shift / width, shift / height),
            scale=(1 - augmentation.max_zoom, 1 + augmentation.max_zoom),
            interpolation=InterpolationMode.BILINEAR,
        )
    )
    if augmentation.policy is AugmentationPolicy.TRIVIALAUGMENT:
        steps.append(v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR))
    steps += [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return v2.Compose(steps)
