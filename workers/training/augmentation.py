"""Augmentation of a batch on its device, each image by amounts of its own.

Sizes are known before anything is drawn, so that nothing here waits for the device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from nas.recipe import Augmentation, AugmentationPolicy, Flip
from workers.training.policies import apply_policy
from workers.training.warping import warped


def augmented(
    images: Tensor, augmentation: Augmentation, generator: torch.Generator, *, mirrors: bool
) -> Tensor:
    """Change images `(N, C, H, W)` uint8 as the recipe says; returns float ones in [0, 1].

    `mirrors` says that the data set's images keep their class when mirrored. `generator` lives on
    the images' device.
    """
    if augmentation.flip is Flip.HORIZONTAL or (augmentation.flip is Flip.DATASET and mirrors):
        images = random_flip(images, generator)
    only_shifts = augmentation.max_rotation == 0 and augmentation.max_zoom == 0
    if only_shifts and augmentation.max_shift > 0:
        images = random_shift(images, augmentation.max_shift, generator)
    floats = images.float().div_(255)
    if not only_shifts:
        floats = random_affine(floats, augmentation, generator)
    if augmentation.policy is not AugmentationPolicy.NONE:
        floats = apply_policy(floats, augmentation, generator)
    if augmentation.cutout:
        floats = random_cutout(floats, augmentation.cutout, generator)
    return floats


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half."""
    mirrored = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def random_shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `most` whole pixels a side: a crop of the image padded by zeros.

    He et al., CVPR 2016, section 4.2, with 4 pixels on 32x32 images.
    """
    n, _, height, width = images.shape
    corner = torch.randint(2 * most + 1, (2, n, 1), generator=generator, device=images.device)
    rows = corner[0] + torch.arange(height, device=images.device)
    columns = corner[1] + torch.arange(width, device=images.device)
    which = torch.arange(n, device=images.device)[:, None, None]
    # Channels go last while indexing, so that each pixel is copied as a whole.
    padded = F.pad(images, (most, most, most, most)).permute(0, 2, 3, 1)
    return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_cutout(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Blacken a square of `side` pixels in each image, cut off where it reaches over the border.

    DeVries, Taylor: Improved Regularization of CNNs with Cutout, 2017, section 3.
    """
    n, _, height, width = images.shape
    unit = torch.rand((2, n, 1), generator=generator, device=images.device)
    top = (unit[0] * height).floor() - side // 2
    left = (unit[1] * width).floor() - side // 2
    rows = torch.arange(height, device=images.device) - top
    columns = torch.arange(width, device=images.device) - left
    inside_rows, inside_columns = (rows >= 0) & (rows < side), (columns >= 0) & (columns < side)
    hidden = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
    return images.masked_fill(hidden, 0)


def mixed_up(
    images: Tensor, targets: Tensor, alpha: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mix each image and its target `(N, K)` with another's, by a share from Beta(alpha, alpha).

    Zhang, Cisse, Dauphin, Lopez-Paz: mixup, ICLR 2018, equation 1; each image has its own share.
    """
    partner = torch.randperm(len(images), generator=generator, device=images.device)
    concentration = torch.full((2, len(images)), alpha, device=images.device)
    # As torch.distributions.Beta draws, which takes no generator; ratios of tiny values may be nan.
    first, second = torch._standard_gamma(concentration, generator=generator)
    share = (first / (first + second)).nan_to_num(1.0)
    of_images, of_targets = share[:, None, None, None], share[:, None]
    return (
        images * of_images + images[partner] * (1 - of_images),
        targets * of_targets + targets[partner] * (1 - of_targets),
    )


def random_affine(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Shift, turn and zoom each image `(N, C, H, W)` by amounts of its own, filling with zeros.

    One resampling does all three.
    """
    unit = torch.rand((4, len(images)), generator=generator, device=images.device) * 2 - 1
    angle = unit[0] * math.radians(augmentation.max_rotation)
    zoom = 1 + unit[1] * augmentation.max_zoom
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    pixels = (
        (unit[2:] * (augmentation.max_shift + 0.5))
        .round()
        .clamp(-augmentation.max_shift, augmentation.max_shift)
    )
    return warped(images, ((cos, -sin, pixels[0]), (sin, cos, pixels[1])))
