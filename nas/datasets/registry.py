"""Every data set by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nas.datasets.base import Dataset
from nas.datasets.digits import Digits
from nas.datasets.tones import Tones

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {dataset.info.name: dataset for dataset in (Digits(), Tones())}
)


def find_or_raise_dataset(name: str) -> Dataset:
    """Return the data set called `name`; raises `ValueError` listing the known ones."""
    try:
        return DATASETS[name]
    except KeyError:
        raise ValueError(f"no data set {name!r}; known: {', '.join(sorted(DATASETS))}") from None
