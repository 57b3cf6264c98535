from __future__ import annotations

import pytest
import torch
from torchvision.transforms.v2 import functional as vision

from nas.recipe import Augmentation, AugmentationPolicy
from workers.training.policies import OPERATIONS, apply_policy


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


IMAGES = torch.randint(256, (6, 3, 9, 12), generator=seeded(1)).float() / 255
AMOUNTS = torch.tensor([-0.9, -0.3, 0.0, 0.2, 0.6, 0.9])

TORCHVISION = {
    "brightness": lambda image, amount: vision.adjust_brightness(image, 1 + amount),
    "color": lambda image, amount: vision.adjust_saturation(image, 1 + amount),
    "contrast": lambda image, amount: vision.adjust_contrast(image, 1 + amount),
    "sharpness": lambda image, amount: vision.adjust_sharpness(image, 1 + amount),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_each_image_is_blended_by_its_own_amount_as_torchvision_blends_one(name):
    result = OPERATIONS[name].change(IMAGES, AMOUNTS)
    for image, amount, changed in zip(IMAGES, AMOUNTS.tolist(), result, strict=True):
        expected = TORCHVISION[name](image, amount)
        torch.testing.assert_close(changed, expected, atol=2e-3, rtol=0)


def test_posterize_keeps_the_upper_bits_and_solarize_inverts_the_bright():
    bytes_ = (IMAGES * 255).round().to(torch.uint8)
    bits = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 6.0])
    posterized = OPERATIONS["posterize"].change(IMAGES, bits)
    solarized = OPERATIONS["solarize"].change(IMAGES, AMOUNTS.abs())
    for index, image in enumerate(bytes_):
        kept = vision.posterize(image, 8 - int(bits[index])).float() / 255
        torch.testing.assert_close(posterized[index], kept, atol=1.1 / 255, rtol=0)
        inverted = vision.solarize(IMAGES[index], float(1 - AMOUNTS[index].abs()))
        torch.testing.assert_close(solarized[index], inverted)


def test_rotation_translation_and_shear_move_a_dot_where_geometry_says():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 6] = 1  # two pixels right of the centre
    turned = OPERATIONS["rotate"].change(image, torch.tensor([90.0]))
    moved = OPERATIONS["translate_y"].change(image, torch.tensor([2 / 9 + 1e-4]))
    sheared = OPERATIONS["shear_y"].change(image, torch.tensor([0.5]))
    dots = [tuple((each[0, 0] > 0.9).nonzero()[0].tolist()) for each in (turned, moved, sheared)]
    assert dots == [(2, 4), (2, 6), (3, 6)]


def test_every_operation_leaves_flat_grey_images_grey():
    grey = torch.full((4, 3, 5, 5), 0.4)
    for name, operation in OPERATIONS.items():
        changed = operation.change(grey, torch.full((4,), 0.5 * operation.randaugment))
        assert torch.allclose(changed[:, 0], changed[:, 2], atol=1e-5), name


@pytest.mark.parametrize("count", [1, 3, 14, 200])
def test_every_image_has_each_operation_with_equal_probability(count, monkeypatch):
    """Mark each operation by a value of its own, and count over many batches."""
    marked = {
        name: type(operation)(
            lambda images, amount, mark=number: torch.full_like(images, mark), 0, 0
        )
        for number, (name, operation) in enumerate(OPERATIONS.items())
    }
    monkeypatch.setattr("workers.training.policies.OPERATIONS", marked)
    generator, policy = seeded(), Augmentation(policy=AugmentationPolicy.TRIVIALAUGMENT)
    images = torch.zeros(count, 1, 1, 1)
    batches = max(1, 2800 // count)
    drawn = torch.cat([apply_policy(images, policy, generator).flatten() for _ in range(batches)])
    shares = torch.bincount(drawn.long(), minlength=14) / len(drawn)
    assert shares.min() > 0.05
    assert shares.max() < 0.095


def test_magnitude_zero_of_randaugment_hardly_changes_anything():
    policy = Augmentation(
        policy=AugmentationPolicy.RANDAUGMENT, policy_magnitude=0, policy_operations=1
    )
    changed = (apply_policy(IMAGES[:, :, 1:8], policy, seeded()) - IMAGES[:, :, 1:8]).abs()
    assert (changed.amax((1, 2, 3)) < 1e-5).sum() >= 3
