"""RandAugment and TrivialAugment on a whole batch, an operation drawn for each image.

Cubuk, Zoph, Shlens, Le: RandAugment, NeurIPS 2020, https://arxiv.org/abs/1909.13719
Müller, Hutter: TrivialAugment, ICCV 2021, https://arxiv.org/abs/2103.10158 (table 4, wide)

A random permutation deals the images out to the operations in equal groups. So each image has each
operation with equal probability, and the sizes of the groups are known without asking the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as vision

from nas.recipe import Augmentation, AugmentationPolicy
from workers.training.warping import warped

_LEVELS = 30
"""Magnitudes run from 0 to this in both papers."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Changes images `(N, C, H, W)` by an amount each; the amounts at the highest magnitude.

    Amounts of signed operations are negative for half of the images.
    """

    change: Callable[[Tensor, Tensor], Tensor]
    randaugment: float
    trivialaugment: float
    signed: bool = True


def apply_policy(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Apply the policy's operations to float images in [0, 1]; returns such images."""
    wide = augmentation.policy is AugmentationPolicy.TRIVIALAUGMENT
    for _ in range(1 if wide else augmentation.policy_operations):
        images = _one_each(images, augmentation.policy_magnitude, generator, wide=wide)
    return images


def _one_each(images: Tensor, magnitude: int, generator: torch.Generator, *, wide: bool) -> Tensor:
    n, device = len(images), images.device
    # Dealt in full rounds; what falls to places beyond the images is thrown away.
    places = -(-n // len(OPERATIONS)) * len(OPERATIONS)
    dealt = torch.randperm(places, generator=generator, device=device)
    if wide:
        level = torch.randint(_LEVELS + 1, (places,), generator=generator, device=device) / _LEVELS
    else:
        level = torch.full((places,), magnitude / _LEVELS, device=device)
    sign = (torch.rand(places, generator=generator, device=device) < 0.5).float() * 2 - 1
    groups = images[dealt % n].chunk(len(OPERATIONS))
    levels, signs = level.chunk(len(OPERATIONS)), sign.chunk(len(OPERATIONS))
    changed = []
    for operation, group, of_level, of_sign in zip(
        OPERATIONS.values(), groups, levels, signs, strict=True
    ):
        amount = of_level * (operation.trivialaugment if wide else operation.randaugment)
        changed.append(operation.change(group, amount * of_sign if operation.signed else amount))
    return torch.cat(changed)[dealt.argsort()[:n]]


def _identity(images: Tensor, amount: Tensor) -> Tensor:
    return images


def _shear_x(images: Tensor, amount: Tensor) -> Tensor:
    return warped(images, ((1.0, amount, 0.0), (0.0, 1.0, 0.0)))


def _shear_y(images: Tensor, amount: Tensor) -> Tensor:
    return warped(images, ((1.0, 0.0, 0.0), (amount, 1.0, 0.0)))


def _translate_x(images: Tensor, amount: Tensor) -> Tensor:
    """Translate by a share of the width, in whole pixels."""
    pixels = (amount * images.shape[3]).trunc()
    return warped(images, ((1.0, 0.0, pixels), (0.0, 1.0, 0.0)))


def _translate_y(images: Tensor, amount: Tensor) -> Tensor:
    pixels = (amount * images.shape[2]).trunc()
    return warped(images, ((1.0, 0.0, 0.0), (0.0, 1.0, pixels)))


def _rotate(images: Tensor, amount: Tensor) -> Tensor:
    """Turn by `amount` degrees."""
    angle = amount * (math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    return warped(images, ((cos, -sin, 0.0), (sin, cos, 0.0)))


def _blended(images: Tensor, extreme: Tensor, amount: Tensor) -> Tensor:
    """Go from `extreme` through the image, at amount 0, and beyond."""
    return (images + (images - extreme) * amount[:, None, None, None]).clamp(0, 1)


def _brightness(images: Tensor, amount: Tensor) -> Tensor:
    return _blended(images, torch.zeros_like(images), amount)


def _color(images: Tensor, amount: Tensor) -> Tensor:
    """Change the saturation of RGB images; others have none."""
    return _blended(images, _grey(images), amount) if images.shape[1] == 3 else images


def _contrast(images: Tensor, amount: Tensor) -> Tensor:
    return _blended(images, _grey(images).mean((1, 2, 3), keepdim=True), amount)


def _grey(images: Tensor) -> Tensor:
    return vision.rgb_to_grayscale(images) if images.shape[1] == 3 else images


def _sharpness(images: Tensor, amount: Tensor) -> Tensor:
    """Blend with the image smoothed by Pillow's kernel, which leaves the border as it is."""
    channels, height, width = images.shape[1:]
    if min(height, width) < 3:
        return images
    kernel = images.new_ones(3, 3)
    kernel[1, 1] = 5
    smooth = images.clone()
    smooth[:, :, 1:-1, 1:-1] = F.conv2d(
        images, (kernel / 13).expand(channels, 1, 3, 3), groups=channels
    )
    return _blended(images, smooth, amount)


def _posterize(images: Tensor, amount: Tensor) -> Tensor:
    """Keep the upper of each value's eight bits, all but `amount`, rounded."""
    step = torch.exp2(amount.round())[:, None, None, None]
    return (images * 255 / step).floor() * step / 255


def _solarize(images: Tensor, amount: Tensor) -> Tensor:
    """Invert values of at least 1 - `amount`."""
    return torch.where(images >= 1 - amount[:, None, None, None], 1 - images, images)


def _autocontrast(images: Tensor, amount: Tensor) -> Tensor:
    result: Tensor = vision.autocontrast(images)
    return result


def _equalize(images: Tensor, amount: Tensor) -> Tensor:
    result: Tensor = vision.equalize((images * 255).round().to(torch.uint8))
    return result.float() / 255


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "identity": Operation(_identity, 0, 0, signed=False),
        "shear_x": Operation(_shear_x, 0.3, 0.99),
        "shear_y": Operation(_shear_y, 0.3, 0.99),
        "translate_x": Operation(_translate_x, 150 / 331, 1.0),
        "translate_y": Operation(_translate_y, 150 / 331, 1.0),
        "rotate": Operation(_rotate, 30, 135),
        "brightness": Operation(_brightness, 0.9, 0.99),
        "color": Operation(_color, 0.9, 0.99),
        "contrast": Operation(_contrast, 0.9, 0.99),
        "sharpness": Operation(_sharpness, 0.9, 0.99),
        "posterize": Operation(_posterize, 4, 6, signed=False),
        "solarize": Operation(_solarize, 1, 1, signed=False),
        "autocontrast": Operation(_autocontrast, 0, 0, signed=False),
        "equalize": Operation(_equalize, 0, 0, signed=False),
    }
)
"""The operations of both papers, with the ranges that torchvision has.

Translations are shares of the side: TrivialAugment's 32 pixels are the whole of a 32x32 image.
Geometric ones resample bilinearly about the centre.
"""
