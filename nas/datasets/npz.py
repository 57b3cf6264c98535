"""Arrays in a NumPy archive: images uint8 and class numbers, in splits or not.

The names of Keras (`x_train`, `y_train`, `x_test`, ...), of MedMNIST (`train_images`,
`train_labels`, `val_images`, ...) and plain `images` and `labels` are known.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.datasets.base import Dataset, DatasetInfo, ImageData, Split
from nas.datasets.location import Location, SplitOptions
from nas.datasets.splitting import numbered_classes, split_by_class

_NAMES = {
    "train": (("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels")),
    "val": (("x_val", "y_val"), ("val_images", "val_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}


class NpzDataset(Dataset):
    """A NumPy archive of images `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`, C being 1 or 3.

    Raises:
        ValueError: There is no such file, or its arrays are not of this form.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._options = location.options(SplitOptions)
        if not location.path.is_file():
            raise ValueError(f"of {location.name!r}: {location.path} is no file")
        self.load()  # an archive does not say how its arrays are without being read

    @cached_property
    def _data(self) -> ImageData:
        parts = self._read()
        missing = [part for part in ("val", "test") if part not in parts]
        if missing:
            train = parts["train"]
            shares = {"val": self._options.validation, "test": self._options.test}
            chosen = split_by_class(
                train.labels, *(shares[part] for part in missing), seed=self._options.seed
            )
            for part, indices in zip(("train", *missing), chosen, strict=True):
                parts[part] = train.subset(indices)
        return ImageData(parts["train"], parts["val"], parts["test"])

    def _read(self) -> dict[str, Split]:
        name = self._location.name
        try:
            with np.load(self._location.path, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
            raise ValueError(f"of {name!r}: cannot be read as arrays: {error}") from error
        parts = {}
        for part, pairs in _NAMES.items():
            for images, labels in pairs:
                if images in arrays and labels in arrays:
                    parts[part] = self._split(images, arrays[images], labels, arrays[labels])
                    break
        if "train" not in parts:
            known = ", ".join(" and ".join(pair) for pair in _NAMES["train"])
            raise ValueError(f"of {name!r}: got arrays {', '.join(arrays)}, allowed: {known}")
        if len({split.images.shape[1:] for split in parts.values()}) > 1:
            raise ValueError(f"of {name!r}: the splits' images are of different shapes")
        try:
            numbered_classes(*_largest_and_count(parts.values()))
        except ValueError as error:
            raise ValueError(f"of {name!r}: {error}") from None
        return parts

    def _split(
        self, images_name: str, images: NDArray[Any], labels_name: str, labels: NDArray[Any]
    ) -> Split:
        if images.ndim == 3:
            images = images[:, None]
        elif images.ndim == 4 and images.shape[3] in (1, 3):
            images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"of {self._location.name!r}: {images_name}: got {images.dtype} {images.shape}, "
                "allowed: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3"
            )
        flat = labels.reshape(-1)
        is_whole = flat.dtype.kind in "iu" and flat.astype(np.int64).min(initial=0) >= 0
        if len(flat) != len(images) or not is_whole:
            raise ValueError(
                f"of {self._location.name!r}: {labels_name}: got {labels.dtype} {labels.shape}, "
                f"allowed: a class's number, from 0, for each of {len(images)} images"
            )
        return Split(images, flat.astype(np.int64), self._options.mirrors)

    @cached_property
    def info(self) -> DatasetInfo:
        """What the arrays' shapes and labels say."""
        data = self._data
        splits = (data.train, data.validation, data.test)
        channels, height, width = data.train.images.shape[1:]
        return DatasetInfo(
            name=self._location.name,
            summary=f"{sum(map(len, splits)):,} images, {height}x{width}",
            input_shape=(channels, height, width),
            class_names=numbered_classes(*_largest_and_count(splits)),
            train_size=len(data.train),
            validation_size=len(data.validation),
            test_size=len(data.test),
            source=str(self._location.path),
        )

    def load(self) -> ImageData:
        """Return the arrays, split."""
        return self._data


def _largest_and_count(splits: Iterable[Split]) -> tuple[list[int], int]:
    """Return the largest label of each split, and how many images they have together."""
    found = list(splits)
    return [int(split.labels.max(initial=-1)) for split in found], sum(map(len, found))
