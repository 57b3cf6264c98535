"""Data sets that torchvision knows how to download: `torchvision:CIFAR10?download=true`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import Field

from nas.datasets.base import Dataset, DatasetInfo, ImageData, Split
from nas.datasets.location import Location, SplitOptions
from nas.datasets.splitting import split_by_class
from nas.errors import InvalidInputError
from nas.settings import load_settings
from search_spaces.base import InputShape


class TorchvisionOptions(SplitOptions):
    """How a set of torchvision is fetched and split; its test images are its own."""

    test: float = Field(0.2, gt=0, lt=0.5, exclude=True, description="unused: a set has its own")
    mirrors: bool | None = Field(  # type: ignore[assignment]
        None, description="whether a mirrored image keeps its class; unset: as known of the set"
    )
    download: bool = Field(False, description="download it where it is missing")


@dataclass(frozen=True, slots=True)
class _Known:
    shape: InputShape
    classes: int
    train: int
    test: int
    mirrors: bool
    by_split: bool = False
    """Whether the parts are asked for as `split="train"`, not as `train=True`."""


SETS: Mapping[str, _Known] = MappingProxyType(
    {
        "MNIST": _Known((1, 28, 28), 10, 60_000, 10_000, mirrors=False),
        "KMNIST": _Known((1, 28, 28), 10, 60_000, 10_000, mirrors=False),
        "FashionMNIST": _Known((1, 28, 28), 10, 60_000, 10_000, mirrors=True),
        "USPS": _Known((1, 16, 16), 10, 7_291, 2_007, mirrors=False),
        "CIFAR10": _Known((3, 32, 32), 10, 50_000, 10_000, mirrors=True),
        "CIFAR100": _Known((3, 32, 32), 100, 50_000, 10_000, mirrors=True),
        "SVHN": _Known((3, 32, 32), 10, 73_257, 26_032, mirrors=False, by_split=True),
        "STL10": _Known((3, 96, 96), 10, 5_000, 8_000, mirrors=True, by_split=True),
    }
)


class TorchvisionDataset(Dataset):
    """A set of torchvision, kept below the data directory and held in memory.

    Raises:
        ValueError: There is no such set among those known.
    """

    def __init__(self, location: Location) -> None:
        if location.place not in SETS:
            raise ValueError(
                f"of {location.name!r}: got {location.place!r}, allowed: {', '.join(SETS)}"
            )
        self._location = location
        self._options = location.options(TorchvisionOptions)
        self._known = SETS[location.place]

    @cached_property
    def info(self) -> DatasetInfo:
        """What is known of the set."""
        validation = round(self._known.train * self._options.validation)
        height, width = self._known.shape[1:]
        return DatasetInfo(
            name=self._location.name,
            summary=f"{self._location.place} of torchvision, {height}x{width}",
            input_shape=self._known.shape,
            class_names=tuple(map(str, range(self._known.classes))),
            train_size=self._known.train - validation,
            validation_size=validation,
            test_size=self._known.test,
            source=f"torchvision.datasets.{self._location.place}",
        )

    def load(self) -> ImageData:
        """Read the set, downloading it first where that is asked for."""
        whole, test = self._part("train"), self._part("test")
        options = self._options
        train, validation = split_by_class(whole.labels, options.validation, seed=options.seed)
        return ImageData(whole.subset(train), whole.subset(validation), test)

    def _part(self, part: str) -> Split:
        from torchvision import datasets  # imports torch, which the API does without

        which: dict[str, Any] = (
            {"split": part} if self._known.by_split else {"train": part == "train"}
        )
        root = load_settings().data_dir / "torchvision"
        try:
            found = getattr(datasets, self._location.place)(
                str(root), download=self._options.download, **which
            )
        except (RuntimeError, OSError) as error:
            hint = "" if self._options.download else "; allowed: ?download=true to fetch it"
            raise InvalidInputError(
                f"dataset: {self._location.place} is not in {root} or cannot be read: "
                f"{str(error).splitlines()[0]}{hint}"
            ) from error
        return Split(_channels_first(found.data), _labels(found), self._mirrors)

    @property
    def _mirrors(self) -> bool:
        named = self._options.mirrors
        return self._known.mirrors if named is None else named


def _channels_first(data: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    images = np.asarray(data, dtype=np.uint8)
    if images.ndim == 3:
        return images[:, None]
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if images.shape[3] == 3 else images


def _labels(found: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(found.targets if hasattr(found, "targets") else found.labels, dtype=np.int64)
