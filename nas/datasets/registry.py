"""Every data set by name, and the kinds of those that are named by where they lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pkgutil import resolve_name
from types import MappingProxyType

from nas.datasets.base import Dataset
from nas.datasets.digits import Digits
from nas.datasets.location import Location
from nas.datasets.tones import Tones
from nas.errors import DatasetGoneError

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {dataset.info.name: dataset for dataset in (Digits(), Tones())}
)


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of data set named `KIND:LOCATION?OPTION=VALUE&...`."""

    form: str
    summary: str
    location: str
    options_location: str
    has_path: bool = True


_IMAGE_OPTIONS = "nas.datasets.location:ImageOptions"

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "folder": Source(
            "folder:PATH",
            "a folder of images, a subfolder per class, or train, val and test with these",
            "nas.datasets.folder:FolderDataset",
            _IMAGE_OPTIONS,
        ),
        "webdataset": Source(
            "webdataset:PATH",
            "tar archives of NAME.jpg and NAME.cls, as data-{000..009}.tar",
            "nas.datasets.shards:ShardsDataset",
            _IMAGE_OPTIONS,
        ),
        "npz": Source(
            "npz:PATH",
            "a NumPy archive with x_train, y_train, x_test, ..., or with images and labels",
            "nas.datasets.npz:NpzDataset",
            "nas.datasets.location:SplitOptions",
        ),
        "torchvision": Source(
            "torchvision:NAME",
            "a data set of torchvision, downloaded with ?download=true",
            "nas.datasets.torchvision_sets:TorchvisionDataset",
            "nas.datasets.torchvision_sets:TorchvisionOptions",
            has_path=False,
        ),
    }
)


def find_or_raise_dataset(name: str) -> Dataset:
    """Return the data set called `name`; raises `ValueError` naming what is allowed."""
    if name in DATASETS:
        return DATASETS[name]
    location = Location.parse(name)
    if location.kind in SOURCES and location.place:
        path = location.path if SOURCES[location.kind].has_path else None
        changed = path.stat().st_mtime_ns if path is not None and path.exists() else 0
        return _opened(name, changed)
    known = (*sorted(DATASETS), *(source.form for source in SOURCES.values()))
    raise ValueError(f"no data set {name!r}; known: {', '.join(known)}")


def find_dataset_of_job(name: str) -> Dataset:
    """Return the data set that a stored job names; it was there when the job was made.

    Raises:
        DatasetGoneError: It is not there any more, or cannot be read as it could.
    """
    try:
        return find_or_raise_dataset(name)
    except (ValueError, OSError) as error:
        raise DatasetGoneError(
            f"the job's data set is not there as it was: {error}; put it back, and ask again"
        ) from error


@lru_cache(maxsize=16)
def _opened(name: str, changed: int) -> Dataset:
    """Open a data set, once for as long as its path stays as it is."""
    location = Location.parse(name)
    make: Callable[[Location], Dataset] = resolve_name(SOURCES[location.kind].location)
    return make(location)
