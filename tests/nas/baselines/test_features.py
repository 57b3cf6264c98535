from __future__ import annotations

import numpy as np
import pytest

from nas.baselines.color_histogram import HistogramFeatures
from nas.baselines.features import parts
from nas.baselines.hog import HOGFeatures, cell_size
from nas.baselines.visual_words import VisualWords, normalised, patch_size, triangle
from tests.nas.baselines.factories import constant_colours


def test_histogram_puts_a_colour_into_its_bin():
    described = HistogramFeatures().extract(constant_colours([[0, 0, 0], [255, 0, 32]]))
    assert described.shape == (2, 512)
    assert described[0].argmax() == 0
    assert described[1].argmax() == (7 * 8 + 0) * 8 + 1
    assert (described.max(axis=1) == 1).all()


def test_histogram_does_not_see_where_a_pixel_stands():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (3, 3, 10, 10)).astype(np.uint8)
    moved = images.reshape(3, 3, 100)[:, :, generator.permutation(100)].reshape(images.shape)
    features = HistogramFeatures()
    assert (features.extract(images) == features.extract(moved)).all()


@pytest.mark.parametrize(("channels", "bins"), [(1, 32), (2, 256), (3, 512), (5, 80)])
def test_histograms_squares_sum_to_one(channels, bins):
    images = np.random.default_rng(0).integers(0, 256, (4, channels, 9, 9)).astype(np.uint8)
    described = HistogramFeatures().extract(images)
    assert described.shape == (4, bins)
    histograms = channels if channels > 3 else 1
    assert np.allclose((described**2).sum(axis=1), histograms)


def test_hog_tells_which_way_edges_run():
    upright = np.zeros((1, 1, 16, 16), dtype=np.uint8)
    upright[..., 8:] = 255
    lying = upright.swapaxes(2, 3)
    by_angle = HOGFeatures().extract(np.concatenate([upright, lying])).reshape(2, -1, 9).sum(axis=1)
    assert by_angle[0].argmax() == 0
    assert by_angle[1].argmax() == 4  # 80 to 100 degrees
    assert (np.sort(by_angle, axis=1)[:, :-1] < 1e-6).all()


@pytest.mark.parametrize(
    ("size", "cell", "features"),
    [((8, 8), (2, 2), 324), ((32, 32), (4, 4), 1764), ((64, 8), (8, 2), 756)],
)
def test_hog_cell_follows_the_size_of_the_image(size, cell, features):
    assert cell_size(*size) == cell
    images = np.zeros((1, 3, *size), dtype=np.uint8)
    assert HOGFeatures().extract(images).shape == (1, features)


def test_hog_of_a_large_image_is_as_long_as_of_64_pixels():
    large = np.zeros((1, 1, 600, 200), dtype=np.uint8)
    assert HOGFeatures().extract(large).shape == (1, 1764)


@pytest.mark.parametrize(("side", "patch"), [(8, 3), (20, 4), (28, 5), (32, 6), (600, 6)])
def test_patch_follows_the_size_of_the_image(side, patch):
    assert patch_size(side, side) == patch


def test_patch_is_normalised_for_brightness_and_contrast():
    patches = np.random.default_rng(0).uniform(0, 255, (5, 27)).astype(np.float32)
    brighter = normalised(patches * 2 + 30)
    assert np.allclose(brighter.mean(axis=1), 0, atol=1e-5)
    assert np.allclose(brighter, normalised(patches), atol=1e-2)
    assert (normalised(np.full((1, 27), 9, dtype=np.float32)) == 0).all()


def test_triangle_is_the_mean_distance_less_the_distance():
    words = np.array([[0, 0], [3, 4]], dtype=np.float32)
    inputs = np.array([[0, 0], [3, 0]], dtype=np.float32)
    assert np.allclose(triangle(inputs, words), [[2.5, 0], [0.5, 0]], atol=1e-3)


def test_words_are_active_in_the_quarter_where_their_pattern_is():
    generator = np.random.default_rng(0)
    images = np.full((40, 1, 16, 16), 128, dtype=np.uint8)
    images[:, :, :7, :7] = generator.integers(0, 256, (40, 1, 7, 7))
    words = VisualWords()
    words.learn(images, generator)
    described = words.extract(images).reshape(40, 4, -1)
    flat = described[:, 3]
    assert np.allclose(flat, flat[:1, :])  # bottom right looks the same in all images
    assert described[:, 0].std(axis=0).max() > 100 * flat.std(axis=0).max()


def test_images_are_cut_by_count_and_by_size():
    small, large = np.zeros((1030, 1, 2, 2), np.uint8), np.zeros((17, 4, 1024, 1024), np.uint8)
    assert [len(part) for part in parts(small)] == [512, 512, 6]
    assert [len(part) for part in parts(large)] == [4, 4, 4, 4, 1]
