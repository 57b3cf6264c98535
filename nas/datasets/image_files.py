"""Images in files, each a whole one or a stretch of an archive: listed, read, split.

A data set of them is decoded into memory where it fits, and read while training elsewhere.
"""

from __future__ import annotations

import hashlib
import io
import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas.datasets.base import (
    AnyData,
    Dataset,
    DatasetInfo,
    ImageData,
    ImageReader,
    Split,
    StreamedData,
    StreamedSplit,
)
from nas.datasets.location import ImageOptions, Location
from nas.datasets.splitting import Indices
from nas.errors import InvalidInputError
from search_spaces.base import InputShape

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)
MEMORY_BYTES = 1 << 30
_LOOKED_AT = 64

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """Where an image's bytes lie, and the class it is of."""

    name: str
    path: Path
    offset: int
    size_bytes: int
    label: int

    def open(self) -> Image.Image:
        """Open the image without decoding it; raises `OSError` if it is none."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return Image.open(io.BytesIO(file.read(self.size_bytes)))


@dataclass(frozen=True, slots=True)
class ImageFileReader(ImageReader):
    """Decodes files, as grey or as colour images, and brings them to one size."""

    files: tuple[ImageFile, ...]
    shape: InputShape

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return an image `(C, H, W)`; raises `OSError` if it cannot be read."""
        channels, height, width = self.shape
        try:
            with self.files[index].open() as image:
                found = image.convert("L" if channels == 1 else "RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            # What Pillow raises for broken files; its own text may name no file.
            raise OSError(f"cannot read image {self.files[index].name}: {error}") from error
        if found.size != (width, height):
            found = found.resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.asarray(found, dtype=np.uint8)
        return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def input_shape(files: Sequence[ImageFile], options: ImageOptions, name: str) -> InputShape:
    """Return the shape that images are brought to.

    Raises:
        ValueError: No size is given and those of the images looked at differ.
    """
    sizes: Counter[tuple[int, int]] = Counter()
    modes = []
    for file in files[:: max(1, len(files) // _LOOKED_AT)]:
        try:
            with file.open() as image:
                sizes[image.height, image.width] += 1
                modes.append(image.mode)
        except (OSError, SyntaxError, ValueError):
            continue  # counted when it is read
    if not modes:
        raise ValueError(f"of {name!r}: none of the images looked at can be read")
    channels = int(options.channels) if options.channels else (1 if modes[0] in "1L" else 3)
    if options.height_and_width is None and len(sizes) > 1:
        shown = ", ".join(f"{height}x{width}" for height, width in sorted(sizes)[:3])
        raise ValueError(
            f"of {name!r}: images are of different sizes ({shown}, ...); "
            "say which to resize them to, as ?size=64"
        )
    height, width = options.height_and_width or next(iter(sizes))
    return channels, height, width


class ImageFilesDataset(Dataset):
    """Images in files that are listed, and split, when the data set is made."""

    _location: Location
    _options: ImageOptions
    _files: tuple[ImageFile, ...]
    _parts: tuple[Indices, ...]
    _class_names: tuple[str, ...]
    _shape: InputShape

    @property
    @abstractmethod
    def _summary(self) -> str:
        """What the data set is, in a line."""

    @cached_property
    def info(self) -> DatasetInfo:
        """What the listing says; unreadable images are still counted."""
        train, validation, test = (len(part) for part in self._parts)
        return DatasetInfo(
            name=self._location.name,
            summary=self._summary,
            input_shape=self._shape,
            class_names=self._class_names,
            train_size=train,
            validation_size=validation,
            test_size=test,
            source=str(self._location.path),
        )

    def load(self) -> AnyData:
        """Decode the images, or say where to read them."""
        return load_files(self._files, self._parts, self._shape, self._options)


def load_files(
    files: tuple[ImageFile, ...],
    parts: Sequence[Indices],
    shape: InputShape,
    options: ImageOptions,
) -> AnyData:
    """Decode the files into memory, or leave them on disk, as their size or the options say."""
    reader = ImageFileReader(files, shape)
    labels = np.array([file.label for file in files], dtype=np.int64)
    too_large = len(files) * int(np.prod(shape)) > MEMORY_BYTES
    if too_large if options.stream is None else options.stream:
        train, validation, test = (
            StreamedSplit(reader, part, labels[part], options.mirrors, options.unreadable)
            for part in parts
        )
        fingerprint = _fingerprint(files, parts, shape, options)
        return StreamedData(train, validation, test, fingerprint)
    decoded = [_decoded(reader, part, labels, options.mirrors) for part in parts]
    unreadable = len(files) - sum(map(len, decoded))
    if unreadable > options.unreadable * len(files):
        raise InvalidInputError(
            f"dataset: {unreadable} of {len(files)} images cannot be read, "
            f"allowed: a share of {options.unreadable:g}; raise unreadable= or mend them"
        )
    if unreadable:
        _LOG.warning("left out %d of %d images that cannot be read", unreadable, len(files))
    return ImageData(decoded[0], decoded[1], decoded[2], unreadable)


def _decoded(reader: ImageFileReader, part: Indices, labels: Indices, mirrors: bool) -> Split:
    images = np.empty((len(part), *reader.shape), dtype=np.uint8)
    kept: list[int] = []
    for index in part.tolist():
        try:
            images[len(kept)] = reader.read(index)
        except OSError as error:
            _LOG.warning("%s", error)
            continue
        kept.append(index)
    return Split(images[: len(kept)], labels[kept], mirrors)


def _fingerprint(
    files: Sequence[ImageFile], parts: Sequence[Indices], shape: InputShape, options: ImageOptions
) -> str:
    digest = hashlib.sha256(repr((shape, options.mirrors)).encode())
    for part in parts:
        for index in part.tolist():
            file = files[index]
            digest.update(f"{file.name}\0{file.size_bytes}\0{file.label}\n".encode())
        digest.update(b"\0")
    return digest.hexdigest()
