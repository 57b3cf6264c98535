"""A folder of images, a subfolder per class, of any size.

With subfolders `train`, `val` and `test` the splits are theirs; what is missing comes from `train`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nas.datasets.image_files import SUFFIXES, ImageFile, ImageFilesDataset, input_shape
from nas.datasets.location import ImageOptions, Location
from nas.datasets.splitting import Indices, split_by_class

_VALIDATION = ("val", "valid", "validation")


class FolderDataset(ImageFilesDataset):
    """Images below a folder, listed when it is made.

    Raises:
        ValueError: There is no such folder, or not two classes in it, or too few images.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._options = location.options(ImageOptions)
        root = location.path
        if not root.is_dir():
            raise ValueError(f"of {location.name!r}: {root} is no folder")
        self._parts_named = {
            part: next((root / n for n in names if (root / n).is_dir()), None)
            for part, names in (("train", ("train",)), ("val", _VALIDATION), ("test", ("test",)))
        }
        train = self._parts_named["train"]
        self._class_names = _subfolders(train or root)
        if len(self._class_names) < 2:
            raise ValueError(
                f"of {location.name!r}: got {len(self._class_names)} subfolders with images in "
                f"{train or root}, allowed: one for each of at least 2 classes"
            )
        self._files, self._parts = self._listed(train or root)
        self._shape = input_shape(self._files, self._options, location.name)

    def _listed(self, main: Path) -> tuple[tuple[ImageFile, ...], tuple[Indices, ...]]:
        """List the files, and the numbers of those for training, validation and test."""
        options = self._options
        named = self._parts_named if self._parts_named["train"] else {}
        files = _files(main, self._class_names)
        labels = np.array([file.label for file in files], dtype=np.int64)
        given = {
            part: _files(path, self._class_names)
            for part, path in named.items()
            if part != "train" and path is not None
        }
        shares = {"val": options.validation, "test": options.test}
        missing = [part for part in shares if part not in given]
        taken = split_by_class(labels, *(shares[part] for part in missing), seed=options.seed)
        parts = dict(zip(("train", *missing), taken, strict=True))
        for part, more in given.items():
            parts[part] = np.arange(len(files), len(files) + len(more), dtype=np.int64)
            files += more
        return tuple(files), (parts["train"], parts["val"], parts["test"])

    @property
    def _summary(self) -> str:
        return f"{len(self._files):,} images in {len(self._class_names)} folders"


def _subfolders(root: Path) -> tuple[str, ...]:
    return tuple(
        sorted(
            path.name
            for path in root.iterdir()
            if path.is_dir() and any(each.suffix.lower() in SUFFIXES for each in path.rglob("*"))
        )
    )


def _files(root: Path, class_names: tuple[str, ...]) -> list[ImageFile]:
    return [
        ImageFile(path.relative_to(root.parent).as_posix(), path, 0, path.stat().st_size, label)
        for label, name in enumerate(class_names)
        for path in sorted((root / name).rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
