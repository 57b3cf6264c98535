from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from nas.recipe import Augmentation, AugmentationPolicy, Flip
from workers.training.augmentation import (
    augmented,
    mixed_up,
    random_affine,
    random_cutout,
    random_flip,
    random_shift,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(*shape: int) -> Tensor:
    return torch.randint(256, shape, generator=seeded(1), dtype=torch.uint8)


def slow_shift(image: Tensor, down: int, right: int) -> Tensor:
    """Shift one image pixel by pixel, filling with zeros."""
    _, height, width = image.shape
    shifted = torch.zeros_like(image)
    for y, x in product(range(height), range(width)):
        if 0 <= y - down < height and 0 <= x - right < width:
            shifted[:, y, x] = image[:, y - down, x - right]
    return shifted


def moves(shift: int = 0, rotation: float = 0, zoom: float = 0, **others: Any) -> Augmentation:
    return Augmentation(max_shift=shift, max_rotation=rotation, max_zoom=zoom, **others)


@pytest.mark.parametrize("way", ["resampled", "cropped"])
@pytest.mark.parametrize(("shape", "max_shift"), [((1, 8, 8), 1), ((3, 5, 7), 2), ((1, 3, 3), 2)])
def test_each_image_is_shifted_as_a_whole_by_an_offset_of_its_own(shape, max_shift, way):
    images = torch.rand((120, *shape), generator=seeded(1))
    if way == "cropped":
        shifted = random_shift(images, max_shift, seeded())
    else:
        shifted = random_affine(images, moves(max_shift), seeded())
    assert shifted.shape == images.shape
    offsets = set()
    sides = range(-max_shift, max_shift + 1)
    for image, result in zip(images, shifted, strict=True):
        fits = [
            o
            for o in product(sides, sides)
            if torch.allclose(slow_shift(image, *o), result, atol=1e-4)
        ]
        assert fits
        offsets.add(fits[0])
    assert {down for down, _ in offsets} >= {-1, 0, 1}
    assert {right for _, right in offsets} >= {-1, 0, 1}
    assert len(offsets) > max_shift * 4


def test_rotation_turns_about_the_centre_by_at_most_its_bound_and_keeps_lengths():
    """A dot right of the centre of a 9x15 image stays at its distance, within the angle."""
    images = torch.zeros(200, 1, 9, 15)
    images[:, 0, 4, 10] = 1
    turned = random_affine(images, moves(rotation=30), seeded())[:, 0]
    mass = turned.sum((1, 2))
    y = (turned.sum(2) * (torch.arange(9) - 4)).sum(1) / mass
    x = (turned.sum(1) * (torch.arange(15) - 7)).sum(1) / mass
    angles = torch.rad2deg(torch.atan2(y, x))
    assert torch.hypot(x, y).sub(3).abs().max() < 0.3
    assert 25 < angles.max() < 33
    assert -33 < angles.min() < -25


def test_zoom_changes_the_size_both_ways():
    images = torch.zeros(200, 1, 16, 16)
    images[:, :, 4:12, 4:12] = 1
    areas = random_affine(images, moves(zoom=0.2), seeded()).sum((1, 2, 3))
    assert areas.min() < 64 / 1.2**2 + 4
    assert areas.max() > 64 / 0.8**2 - 4


def test_no_augmentation_leaves_images_alone_and_equal_generators_augment_equally():
    images = pictures(9, 1, 4, 4)
    default = Augmentation()
    plain = augmented(images, moves(), seeded(), mirrors=False)
    assert torch.equal(plain, images.float() / 255)
    first = augmented(images, default, seeded(5), mirrors=False)
    assert torch.equal(first, augmented(images, default, seeded(5), mirrors=False))
    assert not torch.equal(first, augmented(images, default, seeded(6), mirrors=False))


def test_half_of_the_images_are_mirrored():
    images = pictures(400, 3, 2, 5)
    flipped = random_flip(images, seeded())
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(images, flipped, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(images, flipped, strict=True)]
    assert all(m or s for m, s in zip(mirrored, same, strict=True))
    assert 160 < sum(mirrored) < 240


@pytest.mark.parametrize(
    ("flip", "mirrors", "expected"),
    [
        (Flip.DATASET, True, True),
        (Flip.DATASET, False, False),
        (Flip.HORIZONTAL, False, True),
        (Flip.NONE, True, False),
    ],
)
def test_images_are_mirrored_where_recipe_or_data_set_says_so(flip, mirrors, expected):
    images = pictures(40, 1, 2, 5)
    result = augmented(images, moves(flip=flip), seeded(), mirrors=mirrors)
    assert (not torch.equal(result, images.float() / 255)) == expected


@pytest.mark.parametrize("side", [1, 2, 3])
def test_cutout_blackens_one_square_cut_off_at_the_border(side):
    images = torch.ones(300, 2, 6, 8)
    cut = random_cutout(images, side, seeded())
    assert torch.equal(cut[:, 0], cut[:, 1])
    hidden = cut[:, 0] == 0
    heights, widths = hidden.any(2).sum(1), hidden.any(1).sum(1)
    assert torch.equal(hidden.sum((1, 2)), heights * widths)
    assert heights.max() == widths.max() == side
    assert heights.min() >= side - side // 2
    assert hidden.any(0).all()
    centres = {tuple(h.nonzero()[0].tolist()) for h in hidden}
    assert len(centres) > 20


def test_mixup_mixes_images_and_targets_by_the_same_share():
    """Zhang et al., equation 1: with one-hot images the mixed image is the mixed target."""
    targets = torch.eye(50)
    images = targets.reshape(50, 1, 5, 10)
    mixed, mixed_targets = mixed_up(images, targets, 0.4, seeded())
    assert torch.allclose(mixed.reshape(50, 50), mixed_targets)
    assert torch.allclose(mixed_targets.sum(1), torch.ones(50))
    shares = mixed_targets.diagonal()
    assert len(shares.unique()) > 30
    assert 0.3 < shares.mean() < 0.7


def test_mixup_of_a_tiny_alpha_is_still_a_number():
    images, targets = torch.ones(2000, 1, 1, 1), torch.ones(2000, 1)
    mixed, mixed_targets = mixed_up(images, targets, 1e-4, seeded())
    assert mixed.isfinite().all()
    assert mixed_targets.isfinite().all()


@pytest.mark.parametrize(
    "policy", [AugmentationPolicy.RANDAUGMENT, AugmentationPolicy.TRIVIALAUGMENT]
)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
def test_policies_change_most_images_within_bounds(policy, shape):
    images = pictures(60, *shape)
    result = augmented(images, moves(policy=policy), seeded(), mirrors=False)
    assert result.shape == images.shape
    assert result.min() >= 0
    assert result.max() <= 1
    same = (result - images.float() / 255).abs().amax((1, 2, 3)) < 1e-6
    assert 0 < same.sum() < 40
