from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from nas.baselines.linear import Linear
from nas.baselines.shrinking import area_weights, shrink
from nas.baselines.softmax import SoftmaxRegression
from nas.baselines.template_grid import template_grid
from tests.nas.baselines.factories import noisy_halves


def fitted(shape: tuple[int, int, int]) -> tuple[Linear, np.ndarray]:
    split = noisy_halves(shape)
    baseline = Linear(0)
    baseline.fit(split, 3)
    return baseline, split.images


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 50, 77)])
def test_image_under_its_template_scores_as_the_classifier_decides(shape):
    baseline, images = fitted(shape)
    templates = baseline.templates()
    assert templates.shape == (3, *shape)
    scores = np.einsum("nchw,kchw->nk", images / 255, templates) + baseline.biases()
    assert (scores.argmax(axis=1) == baseline.predict(images)).all()
    likelihoods = baseline._classifier
    inputs = baseline._pixels.extract(images)
    expected = inputs @ likelihoods.weights.T + likelihoods.biases
    assert np.abs(scores - expected).max() < 1e-3


def test_template_is_bright_where_its_class_is():
    templates = fitted((1, 12, 12))[0].templates()
    assert templates[0, :, :6].mean() > 0 > templates[0, :, 6:].mean()
    assert templates[1, :, :6].mean() < 0 < templates[1, :, 6:].mean()


def test_picture_is_a_grid_with_a_tile_per_class():
    templates = np.zeros((5, 1, 8, 8), dtype=np.float32)
    templates[3, 0, 0, 0], templates[3, 0, 7, 7] = 2, -2
    picture = Image.open(io.BytesIO(template_grid(templates)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (304, 204))
    pixels = np.asarray(picture)
    top, left = 4 + 100, 4
    assert (pixels[top : top + 12, left : left + 12] == 255).all()
    assert (pixels[top + 84 : top + 96, left + 84 : left + 96] == 1).all()
    assert (pixels[top + 12 : top + 84, left + 12 : left + 84] == 128).all()
    assert (pixels[104:200, 204:300] == 255).all()  # there is no sixth class


def test_channels_are_colours_if_there_are_three():
    red = np.zeros((1, 3, 4, 4), dtype=np.float32)
    red[0, 0] = 1
    pixels = np.asarray(Image.open(io.BytesIO(template_grid(red))))
    assert pixels[50, 50].tolist() == [255, 128, 128]
    two = np.asarray(Image.open(io.BytesIO(template_grid(red[:, :2]))))
    assert two[50, 50].tolist() == [255, 255, 255]


def test_picture_of_the_fitted_baseline_opens():
    assert Image.open(io.BytesIO(fitted((3, 40, 20))[0].picture())).size == (132, 204)


def test_area_weights_average_whole_and_shared_pixels():
    assert area_weights(4, 2).tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    expected = [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]]
    assert np.allclose(area_weights(3, 2), expected)
    assert np.allclose(area_weights(600, 64).sum(axis=1), 1, atol=1e-5)


def test_shrinking_keeps_the_mean_and_leaves_short_sides_alone():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 7, 100)).astype(np.uint8)
    small = shrink(images, 32)
    assert small.shape == (2, 3, 7, 32)
    assert np.allclose(small.mean(axis=3), images.mean(axis=3), atol=1e-2)
    assert (shrink(images, 100) == images).all()


def test_softmax_reaches_the_minimum_of_its_stated_loss():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(90, 4)).astype(np.float32)
    labels = np.arange(90) % 3
    inputs[labels == 1, 0] += 1
    model = SoftmaxRegression(decay=0.1)
    model.fit(inputs, labels, 3)
    scores = inputs @ model.weights.T + model.biases
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    gradient = (shares - np.eye(3)[labels]).T @ inputs / len(inputs) + 0.1 * model.weights
    assert np.abs(model.weights).max() > 0.1
    assert np.abs(gradient).max() < 1e-3


def test_softmax_with_one_class_predicts_it():
    model = SoftmaxRegression(decay=0.1)
    model.fit(np.ones((4, 2), dtype=np.float32), np.full(4, 2), 3)
    assert set(model.predict(np.zeros((3, 2), dtype=np.float32))) == {2}
