"""Data sets: what they are and how their images are read and split."""

from nas.datasets.base import Dataset, DatasetInfo, ImageData, Split
from nas.datasets.registry import DATASETS, find_or_raise_dataset

__all__ = ["DATASETS", "Dataset", "DatasetInfo", "ImageData", "Split", "find_or_raise_dataset"]
