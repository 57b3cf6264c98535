"""Tar archives in WebDataset's form: files of one sample follow each other and share a stem.

Breuel et al., https://github.com/webdataset/webdataset: `0001.jpg` and `0001.cls`, the class's
number. The archives are indexed once; then every image is read where it lies, in any order.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nas.datasets.image_files import SUFFIXES, ImageFile, ImageFilesDataset, input_shape
from nas.datasets.location import ImageOptions, Location
from nas.datasets.splitting import numbered_classes, split_by_class

_LABEL_SUFFIX = ".cls"
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class ShardsDataset(ImageFilesDataset):
    """Samples of uncompressed tar archives, indexed when it is made.

    Raises:
        ValueError: No archive is found, one is broken, or a sample has no image or no class, or a
            class's number is too large.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._options = location.options(ImageOptions)
        paths = _expanded(str(location.path))
        if not paths:
            raise ValueError(f"of {location.name!r}: there is no archive {location.path}")
        self._shards = len(paths)
        self._files = tuple(file for path in paths for file in self._indexed(path))
        given = [file.label for file in self._files]
        try:
            self._class_names = numbered_classes(given, len(given))
        except ValueError as error:
            worst = max(self._files, key=lambda file: file.label)
            raise ValueError(f"of {location.name!r}: {worst.name}: {error}") from None
        labels = np.array(given, dtype=np.int64)
        if len(self._class_names) < 2:
            raise ValueError(f"of {location.name!r}: got images of less than 2 classes")
        options = self._options
        self._parts = split_by_class(labels, options.validation, options.test, seed=options.seed)
        self._shape = input_shape(self._files, options, location.name)

    def _indexed(self, path: Path) -> Iterator[ImageFile]:
        try:
            with tarfile.open(path, "r:") as archive:
                yield from self._samples(path, archive)
        except (tarfile.TarError, OSError) as error:
            raise ValueError(
                f"of {self._location.name!r}: cannot read {path.name} as an uncompressed tar "
                f"archive: {error}"
            ) from error

    def _samples(self, path: Path, archive: tarfile.TarFile) -> Iterator[ImageFile]:
        stem, image, label = "", None, None
        for member in (*archive, None):
            folder, _, base = member.name.rpartition("/") if member else ("", "", "")
            key, _, suffix = base.partition(".")
            if stem and (member is None or f"{folder}/{key}" != stem):
                if image is None or label is None:
                    raise ValueError(
                        f"of {self._location.name!r}: sample {stem.lstrip('/')} in {path.name} has "
                        f"no {'image' if image is None else 'class, a file ' + _LABEL_SUFFIX}"
                    )
                name = f"{path.name}/{image.name}"
                yield ImageFile(name, path, image.offset_data, image.size, label)
                stem, image, label = "", None, None
            if member is None or not member.isfile():
                continue
            stem = f"{folder}/{key}"
            if f".{suffix.lower()}" in SUFFIXES:
                image = member
            elif f".{suffix.lower()}" == _LABEL_SUFFIX:
                label = self._label(path, archive, member)

    def _label(self, path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> int:
        content = archive.extractfile(member)
        text = content.read(32).strip() if content else b""
        if not text.isdigit():
            raise ValueError(
                f"of {self._location.name!r}: {member.name} in {path.name}: got "
                f"{text.decode(errors='replace')!r}, allowed: a class's number"
            )
        return int(text)

    @property
    def _summary(self) -> str:
        return f"{len(self._files):,} images in {self._shards} tar archives"


def _expanded(pattern: str) -> list[Path]:
    """Write out a range such as `{000..012}`, and wildcards; only files that are there."""
    match = _RANGE.search(pattern)
    if match is None:
        path = Path(pattern)
        return sorted(each for each in path.parent.glob(path.name) if each.is_file())
    first, last = int(match[1]), int(match[2])
    numbers = (str(number).zfill(len(match[1])) for number in range(first, last + 1))
    names = [pattern[: match.start()] + number + pattern[match.end() :] for number in numbers]
    return [path for name in names for path in _expanded(name)]
