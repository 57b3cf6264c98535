"""Data sets: what they are and how their images are read and split."""

from nas.datasets.base import (
    AnyData,
    AnySplit,
    Dataset,
    DatasetInfo,
    ImageData,
    ImageReader,
    Split,
    StreamedData,
    StreamedSplit,
    held_in_memory,
    in_memory_part,
    train_and_validation,
)
from nas.datasets.registry import (
    DATASETS,
    SOURCES,
    find_dataset_of_job,
    find_or_raise_dataset,
)

__all__ = [
    "DATASETS",
    "SOURCES",
    "AnyData",
    "AnySplit",
    "Dataset",
    "DatasetInfo",
    "ImageData",
    "ImageReader",
    "Split",
    "StreamedData",
    "StreamedSplit",
    "find_dataset_of_job",
    "find_or_raise_dataset",
    "held_in_memory",
    "in_memory_part",
    "train_and_validation",
]
