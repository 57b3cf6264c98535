"""Entering finished files in the database, and getting them back from the store.

A file is put into the store before its row is written, and removed from it after its last row is
gone, so that no row is ever without its file. `record_artifact` and `sweep` exclude each other by
a lock in the database: content that was swept between the two steps is put there again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from nas.artifacts.store import ArtifactStore
from nas.database.artifacts import (
    FINAL_WEIGHTS_KIND,
    WEIGHTS_KIND,
    ArtifactRow,
    find_artifact,
    lock_artifacts,
)
from nas.errors import NotFoundError
from nas.ids import new_id, utc_now
from nas.layout import WEIGHTS_NAME, final_directory, trial_directory


def record_artifact(
    session: Session,
    store: ArtifactStore,
    file: Path,
    *,
    job_id: str,
    kind: str,
    details: dict[str, Any],
    trial_id: str | None = None,
) -> ArtifactRow:
    """Add the row of a file, which was `put` into the store before and must still be there.

    The transaction that the caller commits holds others up from here on: call it last.
    """
    lock_artifacts(session)
    stored = store.put(file)
    row = ArtifactRow(
        id=new_id(),
        job_id=job_id,
        trial_id=trial_id,
        kind=kind,
        path=file.name,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        details=details,
        created_at=utc_now(),
    )
    session.add(row)
    return row


def local_artifact(store: ArtifactStore, artifact_dir: Path, artifact: ArtifactRow) -> Path | None:
    """Return where an artefact lies on this machine's disk, if anywhere.

    Rows of earlier versions name a path below the artefact directory.
    """
    path = store.local_path(artifact.sha256)
    return old_file(artifact_dir, artifact) if path is None else path


def old_file(artifact_dir: Path, artifact: ArtifactRow) -> Path | None:
    """Return the file that a row of an earlier version names, if it is there."""
    path = artifact_dir / artifact.path
    is_old = "/" in artifact.path and path.resolve().is_relative_to(artifact_dir)
    return path if is_old and path.is_file() else None


def fetch_artifact(
    store: ArtifactStore, artifact_dir: Path, artifact: ArtifactRow, to: Path
) -> None:
    """Copy an artefact's content to a local file.

    Raises:
        NotFoundError: The file is gone.
        NasError: It is damaged.
    """
    old = old_file(artifact_dir, artifact)
    if old is None:
        store.fetch(artifact.sha256, to)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(old, to)


@dataclass(frozen=True, slots=True)
class WeightsOwner:
    """Whose weights are meant: a trial's, or where it is None the job's retrained winner's."""

    job_id: str
    trial_id: str | None


def fetch_weights(
    session: Session, store: ArtifactStore, artifact_dir: Path, owner: WeightsOwner, to: Path
) -> bool:
    """Copy weights to a local file; returns whether there are any.

    Weights without a row are those of earlier versions, or of a runner that died before it
    had entered them: they lie where they were trained.
    """
    kind = FINAL_WEIGHTS_KIND if owner.trial_id is None else WEIGHTS_KIND
    row = find_artifact(session, owner.job_id, kind, owner.trial_id)
    if row is not None:
        try:
            fetch_artifact(store, artifact_dir, row, to)
        except NotFoundError:
            return False
        return True
    if owner.trial_id is None:
        trained_in = final_directory(artifact_dir, owner.job_id)
    else:
        trained_in = trial_directory(artifact_dir, owner.job_id, owner.trial_id)
    if not (trained_in / WEIGHTS_NAME).is_file():
        return False
    shutil.copyfile(trained_in / WEIGHTS_NAME, to)
    return True
