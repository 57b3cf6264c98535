"""A store of files by their SHA-256, on a local disk or at any URL that fsspec knows.

A file is there whole or not at all. What object stores do not show until it is complete is put
under its own key at once; elsewhere it is written beside its place, flushed, and renamed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import fsspec

from nas.errors import InvalidInputError, NasError, NotFoundError
from nas.settings import Settings

_ATOMIC_PUTS = frozenset({"abfs", "abfss", "az", "gcs", "gs", "memory", "oss", "s3", "s3a"})
"""Protocols whose uploads can only be seen when they are complete."""

_OBJECTS, _INCOMING = "sha256", "incoming"
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a file's content is known by."""

    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, file: Path) -> StoredFile:
        """Read a file and hash it."""
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256")
            return cls(digest.hexdigest(), content.tell())


class ArtifactStore:
    """Keeps files under `<url>/sha256/<first two digits>/<digest>`.

    Several processes may use one store at once: putting the same content twice is harmless.
    """

    def __init__(self, url: str) -> None:
        """Find the file system that a URL names; nothing is read or written yet.

        Raises:
            InvalidInputError: There is no such protocol, or its package is not installed.
        """
        protocol = url.partition("://")[0]
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:  # the URL itself may hold a password
            raise InvalidInputError(
                f"settings: NAS_ARTIFACT_URL: got protocol {protocol!r}: {error}; allowed: a "
                "directory's file:// URL, or one whose fsspec package is installed"
            ) from error
        names = self._files.protocol
        self._protocols = {names} if isinstance(names, str) else set(names)

    def put(self, file: Path) -> StoredFile:
        """Store a copy of a file's content, unless it is there already."""
        stored = StoredFile.of(file)
        if not self.contains(stored.sha256):
            self._write(file, self._key(stored.sha256))
        return stored

    def contains(self, sha256: str) -> bool:
        """Tell whether a content is stored; asks the file system each time."""
        self._files.invalidate_cache()
        return bool(self._files.isfile(self._key(sha256)))

    def open(self, sha256: str) -> IO[bytes]:
        """Open a content for reading; raises `NotFoundError`."""
        try:
            opened: IO[bytes] = self._files.open(self._key(sha256), "rb")
        except FileNotFoundError:
            raise NotFoundError(f"no file {sha256!r} in the artefact store") from None
        return opened

    def fetch(self, sha256: str, to: Path) -> None:
        """Copy a content to a local file, whole or not at all.

        Raises:
            NotFoundError: It is not stored.
            NasError: What is stored there is not what was put.
        """
        to.parent.mkdir(parents=True, exist_ok=True)
        unfinished = to.with_name(f".{to.name}.{uuid.uuid4().hex}")
        try:
            with self.open(sha256) as source, unfinished.open("wb") as copy:
                shutil.copyfileobj(source, copy, _CHUNK_BYTES)
            found = StoredFile.of(unfinished).sha256
            if found != sha256:
                raise NasError(f"file {sha256!r} in the artefact store is damaged: it is {found!r}")
            unfinished.replace(to)
        finally:
            unfinished.unlink(missing_ok=True)

    def local_path(self, sha256: str) -> Path | None:
        """Return where a content lies on this machine's disk; None elsewhere or if it is gone."""
        path = Path(self._key(sha256))
        return path if "file" in self._protocols and path.is_file() else None

    def delete(self, sha256: str) -> None:
        """Remove a content; what is gone already is no error."""
        try:
            self._files.rm_file(self._key(sha256))
        except FileNotFoundError:
            return

    def list_objects(self) -> Iterator[StoredFile]:
        """Yield what is stored."""
        self._files.invalidate_cache()
        for path, info in self._files.find(f"{self._root}/{_OBJECTS}", detail=True).items():
            yield StoredFile(path.rsplit("/", 1)[-1], int(info["size"] or 0))

    def drop_unfinished(self, before: datetime) -> int:
        """Remove what crashed writers left beside the contents, and count it."""
        self._files.invalidate_cache()
        dropped = 0
        for path in self._files.find(f"{self._root}/{_INCOMING}"):
            try:
                modified = self._files.modified(path)
            except (FileNotFoundError, NotImplementedError):  # finished meanwhile, or no clock
                continue
            if modified.replace(tzinfo=modified.tzinfo or UTC) < before:
                self._files.rm_file(path)
                dropped += 1
        return dropped

    def _key(self, sha256: str) -> str:
        return f"{self._root}/{_OBJECTS}/{sha256[:2]}/{sha256}"

    def _write(self, file: Path, key: str) -> None:
        if self._protocols & _ATOMIC_PUTS:
            self._files.put_file(str(file), key)
            return
        unfinished = f"{self._root}/{_INCOMING}/{uuid.uuid4().hex}"
        for path in (unfinished, key):
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        try:
            with file.open("rb") as source, self._files.open(unfinished, "wb") as copy:
                shutil.copyfileobj(source, copy, _CHUNK_BYTES)
                if "file" in self._protocols:
                    copy.flush()
                    os.fsync(copy.fileno())
            self._files.mv(unfinished, key)
        finally:
            if self._files.exists(unfinished):
                self._files.rm_file(unfinished)


def open_store(settings: Settings) -> ArtifactStore:
    """Return the store that the settings name."""
    return ArtifactStore(settings.artifact_url)
