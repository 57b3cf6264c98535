"""Exporting a job or a trial: find it, write it, and register what lies among the artefacts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.artifacts import fetch_weights, open_store, record_artifact
from nas.database import Database, open_database
from nas.errors import InvalidInputError
from nas.export.formats import ExportFormat
from nas.export.source import ExportSource, find_or_raise_source
from nas.layout import export_directory
from nas.settings import Settings


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Files written, the main one first, what was measured about them, and their artefact ids."""

    files: tuple[Path, ...]
    details: dict[str, Any]
    artifact_ids: tuple[str, ...]


def export(
    database: Database,
    settings: Settings,
    target_id: str,
    export_format: ExportFormat,
    out: Path | None = None,
) -> ExportResult:
    """Export a job's winner, or one trial, to `out` or among the job's artefacts.

    `out` may be a directory; a bundle fills it, unless its name ends in .zip. Only files among the
    artefacts are registered in the database.

    Raises:
        NotFoundError: Neither a job nor a trial has this id.
        ConflictError: There is nothing trained to export yet.
        InvalidInputError: `out` cannot be written.
    """
    store = open_store(settings)
    with tempfile.TemporaryDirectory(prefix="nas-export-") as scratch:
        with database.read() as session:
            source = find_or_raise_source(session, Path(scratch), target_id)
            if export_format.needs_weights:
                owner = source.weights_owner
                fetch_weights(session, store, settings.artifact_dir, owner, source.weights)
        if export_format.needs_weights:
            source.require_weights()
        # These need torch, which refusals above do without.
        from nas.export.bundle import write_bundle
        from nas.export.trained import TrainedNetwork
        from nas.export.writers import write_file

        path = _destination(source, settings, target_id, export_format, out)
        network = TrainedNetwork(source)
        try:
            if export_format is ExportFormat.BUNDLE:
                written = write_bundle(network, path)
            else:
                written = write_file(network, export_format, path)
        except OSError as error:
            raise InvalidInputError(
                f"out: cannot write {path}: {error.strerror or error}"
            ) from error
    if out is not None:
        return ExportResult(written.files, written.details, ())
    for file in written.files:
        store.put(file)
    with database.write() as session:
        rows = [
            record_artifact(
                session,
                store,
                file,
                job_id=source.job_id,
                trial_id=source.trial.id,
                kind=export_format.value,
                details=written.details,
            )
            for file in written.files
        ]
    return ExportResult(written.files, written.details, tuple(row.id for row in rows))


def export_from_settings(
    settings: Settings, target_id: str, export_format: ExportFormat
) -> list[str]:
    """Export in a process of its own and return the new artefacts' ids, the main file's first."""
    database = open_database(settings.database_url)
    try:
        return list(export(database, settings, target_id, export_format).artifact_ids)
    finally:
        database.close()


def _destination(
    source: ExportSource,
    settings: Settings,
    target_id: str,
    export_format: ExportFormat,
    out: Path | None,
) -> Path:
    if out is None:
        directory = export_directory(settings.artifact_dir, source.job_id)
        if target_id != source.job_id:
            directory = directory / target_id
        return directory / export_format.file_name
    is_folder = out.is_dir() and export_format is not ExportFormat.BUNDLE  # which is one itself
    return out / export_format.file_name if is_folder else out
