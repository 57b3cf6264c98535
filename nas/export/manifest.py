"""Reading a bundle that may come from anywhere: nothing of it is run, unpickled or unpacked.

Only two of its files are read, by names of our own: `bundle.json`, which is validated field by
field, and the weights as safetensors. Names in an archive are never turned into paths.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nas.errors import InvalidInputError
from nas.export.description import Description
from nas.export.formats import ExportFormat
from search_spaces import Architecture, parse_architecture
from search_spaces.errors import first_problem

MANIFEST_NAME = "bundle.json"
WEIGHTS_NAME = ExportFormat.SAFETENSORS.file_name

MOST_MANIFEST_BYTES = 16 * 2**20
MOST_WEIGHTS_BYTES = 16 * 2**30
"""Twice the weights of the largest network that is built: 2 G parameters of 4 bytes."""


class FileEntry(BaseModel):
    """What a bundle says of one of its files."""

    model_config = ConfigDict(frozen=True)

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)
    checked: dict[str, Any] = Field(description="what was measured when it was written")


class Manifest(Description):
    """The content of `bundle.json`."""

    architecture: dict[str, Any]
    data_fingerprint: str = Field(pattern="^[0-9a-f]{64}$", description="of the images in splits")
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read: what it says, its architecture, and the bytes of its weights."""

    manifest: Manifest
    architecture: Architecture
    weights: bytes


def read_bundle(path: Path) -> Bundle:
    """Read a bundle, a folder or an archive.

    Raises:
        InvalidInputError: It is no bundle, or damaged; the message says where.
        InvalidArchitectureError: Its architecture is none of the known spaces'.
    """
    if not path.exists():
        raise InvalidInputError(f"bundle: no file or folder {path}")
    manifest = _parse(_read(path, MANIFEST_NAME, MOST_MANIFEST_BYTES))
    architecture = parse_architecture(manifest.architecture)
    if architecture.content_hash != manifest.architecture_hash:
        raise InvalidInputError(
            f"bundle: architecture_hash: got {manifest.architecture_hash!r}, allowed: "
            f"{architecture.content_hash!r}, that of its architecture"
        )
    entry = manifest.files.get(WEIGHTS_NAME)
    if entry is None:
        raise InvalidInputError(f"bundle: files: got none called {WEIGHTS_NAME!r}")
    weights = _read(path, WEIGHTS_NAME, min(entry.size_bytes, MOST_WEIGHTS_BYTES))
    found = hashlib.sha256(weights).hexdigest()
    if found != entry.sha256:
        raise InvalidInputError(
            f"bundle: {WEIGHTS_NAME} is damaged: its SHA-256 is {found}, not {entry.sha256}"
        )
    return Bundle(manifest, architecture, weights)


def _parse(content: bytes) -> Manifest:
    try:
        return Manifest.model_validate(json.loads(content))
    except ValidationError as error:
        raise InvalidInputError(f"bundle: {MANIFEST_NAME}: {first_problem(error)}") from error
    except (ValueError, RecursionError) as error:  # also text that is not UTF-8
        raise InvalidInputError(f"bundle: {MANIFEST_NAME} is not JSON: {error}") from error


def _read(path: Path, name: str, most: int) -> bytes:
    """Return a file's content, refused if it has more than `most` bytes, whatever it says."""
    try:
        if path.is_dir():
            file = path / name
            if file.is_symlink() or not file.is_file():
                raise InvalidInputError(f"bundle: {path} has no file {name} of its own")
            with file.open("rb") as opened:
                content = opened.read(most + 1)
        else:
            with zipfile.ZipFile(path) as archive, archive.open(name) as opened:
                content = opened.read(most + 1)
    except KeyError:
        raise InvalidInputError(f"bundle: {path} has no file {name}") from None
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise InvalidInputError(f"bundle: {path} cannot be read: {error}") from error
    if len(content) > most:
        raise InvalidInputError(f"bundle: {name}: got more than the {most} bytes it may have")
    return content
