from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.datasets import Split
from nas.recipe import Augmentation
from tests.workers.training.factories import CPU
from workers.training.data import DeviceImages, count_batches


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered_split(count: int, shape: tuple[int, int, int] = (1, 2, 2)) -> Split:
    """Make images whose label and pixels tell which one they are."""
    labels = np.arange(count, dtype=np.int64)
    images = np.broadcast_to(labels[:, None, None, None], (count, *shape)).astype(np.uint8)
    return Split(images, labels)


def moves(shift: int = 0, rotation: float = 0, zoom: float = 0) -> Augmentation:
    return Augmentation(max_shift=shift, max_rotation=rotation, max_zoom=zoom)


@given(st.integers(1, 40), st.integers(2, 50))
def test_training_batches_hold_every_image_once_and_are_nearly_equal(count, batch_size):
    images = DeviceImages(numbered_split(count), CPU)
    batches = list(images.training_batches(batch_size, moves(), seeded()))
    assert len(batches) == count_batches(count, batch_size)
    labels = torch.cat([labels for _, labels in batches])
    assert sorted(labels.tolist()) == list(range(count))
    for batch, batch_labels in batches:
        assert torch.equal((batch[:, 0, 0, 0] * 255).round().long(), batch_labels)
    sizes = [len(batch_labels) for _, batch_labels in batches]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_epochs_are_shuffled_differently_but_repeatably():
    images = DeviceImages(numbered_split(50), CPU)

    def epoch(generator: torch.Generator) -> list[int]:
        return torch.cat([y for _, y in images.training_batches(8, moves(1), generator)]).tolist()

    generator = seeded()
    first, second = epoch(generator), epoch(generator)
    assert first != second != list(range(50))
    assert epoch(seeded()) == first


def test_plain_batches_hold_all_images_in_order_with_values_from_zero_to_one():
    split = numbered_split(11)
    batches = list(DeviceImages(split, CPU).batches(4))
    assert [len(labels) for _, labels in batches] == [4, 4, 3]
    images = torch.cat([batch for batch, _ in batches])
    assert images.dtype == torch.float32
    assert torch.equal(images, torch.from_numpy(split.images).float() / 255)


def test_channel_statistics_are_those_of_all_pixels_and_never_zero():
    values = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 5), dtype=np.uint8)
    values[:, 2] = 7
    images = DeviceImages(Split(values, np.zeros(20, dtype=np.int64)), CPU)
    mean, std = images.channel_statistics()
    assert mean.shape == std.shape == (1, 3, 1, 1)
    scaled = values / 255
    np.testing.assert_allclose(mean.flatten(), scaled.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(std.flatten()[:2], scaled.std((0, 2, 3))[:2], rtol=1e-5)
    assert std.flatten()[2] > 0


def test_read_only_arrays_are_read_where_they_lie_and_left_as_they_are(recwarn):
    split = numbered_split(6)
    before = split.images.copy()
    split.images.flags.writeable = split.labels.flags.writeable = False
    images = DeviceImages(split, CPU)
    assert np.shares_memory(images.images.numpy(), split.images)
    for _ in images.training_batches(4, Augmentation(), torch.Generator().manual_seed(0)):
        pass
    for _ in images.batches(4):
        pass
    np.testing.assert_array_equal(split.images, before)
    assert not recwarn.list
