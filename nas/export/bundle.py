"""A bundle: a network in every format with its card, from which it can be trained again.

`bundle.json` says all that is known of the network, which data it was trained on by their
fingerprint, and of each file its SHA-256 and what was checked about it.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.artifacts import StoredFile
from nas.errors import InvalidInputError
from nas.export.card import write_card
from nas.export.description import describe
from nas.export.formats import ExportFormat
from nas.export.manifest import MANIFEST_NAME
from nas.export.trained import TrainedNetwork
from nas.export.writers import Written, json_content, write_file
from search_spaces.errors import StandaloneSourceError

_FORMATS = tuple(
    each for each in ExportFormat if each not in (ExportFormat.BUNDLE, ExportFormat.CARD)
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the same network gives the same archive."""


def write_bundle(network: TrainedNetwork, path: Path) -> Written:
    """Write a bundle: an archive where `path` ends in .zip, else a folder.

    A network whose operations' source cannot be copied is left out in that format, which the
    bundle says.

    Raises:
        ConflictError: There are no weights yet.
        ExportError: A written network disagrees with the trained one.
        InvalidInputError: `path` is a file, or a folder that holds something else.
    """
    network.source.require_weights()
    if path.suffix == ".zip":
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="nas-bundle-") as scratch:
            files, details = _fill(network, Path(scratch))
            _pack(files, path)
        return Written((path,), details)
    require_room(path)
    files, details = _fill(network, path)
    return Written(files, details)


def require_room(path: Path) -> None:
    """Refuse a path that is a file, or a folder of other files; raises `InvalidInputError`."""
    if path.exists() and not path.is_dir():
        raise InvalidInputError(f"out: got the file {path}, allowed: a folder, or a name in .zip")
    if path.is_dir() and any(path.iterdir()) and not (path / MANIFEST_NAME).is_file():
        raise InvalidInputError(
            f"out: got {path}, which holds other files; allowed: an empty or a new folder, one "
            "that holds a bundle, or a name in .zip"
        )


def _fill(network: TrainedNetwork, folder: Path) -> tuple[tuple[Path, ...], dict[str, Any]]:
    source = network.source
    checked: dict[str, Mapping[str, Any]] = {}
    details: dict[str, Any] = {"formats": {}}
    for export_format in _FORMATS:
        try:
            written = write_file(network, export_format, folder / export_format.file_name)
        except StandaloneSourceError as error:
            details["formats"][export_format.value] = {"error": str(error)}
            continue
        checked |= {file.name: written.details for file in written.files}
        details["formats"][export_format.value] = written.details
    card = folder / ExportFormat.CARD.file_name
    card.write_text(write_card(source.architecture, describe(source), checked))
    manifest = folder / MANIFEST_NAME
    named = [folder / name for name in (*checked, card.name)]
    content = json_content(source) | {
        "data_fingerprint": network.data.fingerprint,
        "files": {file.name: _about(file, checked.get(file.name, {})) for file in named},
    }
    manifest.write_text(json.dumps(content, indent=2) + "\n")
    return (manifest, *named), details


def _about(file: Path, checked: Mapping[str, Any]) -> dict[str, Any]:
    stored = StoredFile.of(file)
    return {"sha256": stored.sha256, "size_bytes": stored.size_bytes, "checked": dict(checked)}


def _pack(files: tuple[Path, ...], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.writestr(
                zipfile.ZipInfo(file.name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED
            )
