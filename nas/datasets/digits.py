"""Handwritten digits: the embedded default, real images that come with scikit-learn.

Alpaydin & Kaynak: Optical Recognition of Handwritten Digits, UCI repository, 1998 (its test part).
"""

from __future__ import annotations

import numpy as np

from nas.datasets.base import Dataset, DatasetInfo, ImageData, Split

_SPLIT_SEED = 0
_HELD_OUT = 360
_BRIGHTEST = 16.0


class Digits(Dataset):
    """1,797 grey 8x8 images in ten classes; 360 for test, 360 for validation, stratified."""

    info = DatasetInfo(
        name="digits",
        summary="1,797 handwritten digits, 8x8 grey",
        input_shape=(1, 8, 8),
        class_names=tuple("0123456789"),
        train_size=1077,
        validation_size=360,
        test_size=360,
        source="scikit-learn load_digits (UCI, Alpaydin & Kaynak 1998)",
    )

    def load(self) -> ImageData:
        """Load and split; brightness 0..16 is spread over 0..255."""
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        raw = load_digits()
        images = np.round(raw.images * (255 / _BRIGHTEST)).astype(np.uint8)[:, None]
        labels = raw.target.astype(np.int64)
        whole = Split(images, labels)
        rest, test = train_test_split(
            np.arange(len(labels)),
            test_size=_HELD_OUT,
            stratify=labels,
            random_state=_SPLIT_SEED,
        )
        train, validation = train_test_split(
            rest, test_size=_HELD_OUT, stratify=labels[rest], random_state=_SPLIT_SEED
        )
        return ImageData(
            train=whole.subset(train),
            validation=whole.subset(validation),
            test=whole.subset(test),
        )
