"""Splits that depend on labels and a seed alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def split_by_class(labels: Indices, *shares: float, seed: int) -> tuple[Indices, ...]:
    """Take a share of every class for each part, at least one image; the rest comes first.

    Each part's indices are sorted.

    Raises:
        ValueError: A class has too few images for a part of each.
    """
    generator = np.random.default_rng(seed)
    parts: list[list[Indices]] = [[] for _ in range(len(shares) + 1)]
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        if len(members) <= len(shares):
            raise ValueError(
                f"got {len(members)} images of class {label}, "
                f"allowed: at least {len(shares) + 1} of each class"
            )
        counts = [max(1, round(share * len(members))) for share in shares]
        while sum(counts) >= len(members):  # few images, rounded up
            counts[int(np.argmax(counts))] -= 1
        ends = np.cumsum(counts)
        for part, chosen in zip((*range(1, len(parts)), 0), np.split(members, ends), strict=True):
            parts[part].append(chosen)
    return tuple(np.sort(np.concatenate(part)) for part in parts)


def numbered_classes(numbers: Sequence[int], images: int) -> tuple[str, ...]:
    """Name the classes from 0 to the largest of `numbers`, those of so many images.

    Raises:
        ValueError: There would be more classes than images, so that a number must be wrong.
    """
    largest = max(numbers, default=-1)
    if largest >= max(images, 1):
        raise ValueError(
            f"got class {largest}, allowed: numbers from 0 below {images}, how many images there "
            "are; a class without images counts too"
        )
    return tuple(map(str, range(largest + 1)))
