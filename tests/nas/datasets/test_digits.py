from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nas.datasets import DATASETS, ImageData, Split, find_or_raise_dataset
from nas.datasets.digits import Digits


@pytest.fixture(scope="module")
def data() -> ImageData:
    return Digits().load()


def splits_of(data: ImageData) -> tuple[Split, Split, Split]:
    return data.train, data.validation, data.test


@pytest.mark.parametrize("name", DATASETS)
def test_loaded_data_is_as_announced(name):
    dataset = find_or_raise_dataset(name)
    info, data = dataset.info, dataset.load()
    assert info.name == name
    sizes = (info.train_size, info.validation_size, info.test_size)
    assert tuple(len(split) for split in splits_of(data)) == sizes
    for split in splits_of(data):
        assert split.images.shape == (len(split), *info.input_shape)
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)
        assert set(split.labels) == set(range(info.num_classes))


def test_splits_are_disjoint_and_together_are_the_source(data):
    raw = load_digits()
    expected = sorted(
        (np.round(image * 255 / 16).astype(np.uint8).tobytes(), int(label))
        for image, label in zip(raw.images, raw.target, strict=True)
    )
    found = sorted(
        (image.tobytes(), int(label))
        for split in splits_of(data)
        for image, label in zip(split.images, split.labels, strict=True)
    )
    assert found == expected
    assert len({image for image, _ in expected}) == len(expected)  # so equality means disjoint


def test_brightness_fills_the_range(data):
    assert data.train.images.min() == 0
    assert data.train.images.max() == 255


def test_splits_are_stratified(data):
    shares = [np.bincount(split.labels) / len(split) for split in splits_of(data)]
    for share in shares[1:]:
        assert np.abs(share - shares[0]).max() < 0.005


def test_loading_again_gives_the_same_fingerprint(data):
    assert Digits().load().fingerprint == data.fingerprint


def test_fingerprint_changes_with_any_image_label_or_split(data):
    images, labels = data.test.images.copy(), data.test.labels.copy()
    images[0, 0, 0, 0] ^= 1
    labels[-1] = (labels[-1] + 1) % 10
    changed = [
        dataclasses.replace(data, test=Split(images, data.test.labels)),
        dataclasses.replace(data, test=Split(data.test.images, labels)),
        dataclasses.replace(data, validation=data.test, test=data.validation),
    ]
    assert len({data.fingerprint, *(other.fingerprint for other in changed)}) == 4


def test_joined_split_is_one_after_the_other(data):
    joined = data.train.joined(data.validation)
    assert len(joined) == len(data.train) + len(data.validation)
    assert (joined.images[len(data.train) :] == data.validation.images).all()
    assert (joined.labels[: len(data.train)] == data.train.labels).all()


def test_unknown_data_set_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no data set 'mnist'; known: digits"):
        find_or_raise_dataset("mnist")
