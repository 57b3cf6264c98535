"""Files a job produced: where they are, and what was checked about them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table, UtcDateTime
from nas.database.trials import TrialRow
from nas.errors import NotFoundError
from nas.ids import new_id, utc_now


class ArtifactRow(Table):
    """One file, by its path below the artefact directory."""

    __tablename__ = "artifacts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    trial_id: Mapped[str | None] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    path: Mapped[str] = mapped_column(String(1024))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def new_artifact(
    artifact_dir: Path,
    file: Path,
    *,
    job_id: str,
    kind: str,
    details: dict[str, Any],
    trial_id: str | None = None,
) -> ArtifactRow:
    """Describe a file that lies below the artefact directory."""
    content = file.read_bytes()
    return ArtifactRow(
        id=new_id(),
        job_id=job_id,
        trial_id=trial_id,
        kind=kind,
        path=file.relative_to(artifact_dir).as_posix(),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        details=details,
        created_at=utc_now(),
    )


def find_or_raise_artifact(session: Session, artifact_id: str) -> ArtifactRow:
    """Return the artefact; raises `NotFoundError`."""
    artifact = session.get(ArtifactRow, artifact_id)
    if artifact is None:
        raise NotFoundError(f"no artefact {artifact_id!r}")
    return artifact


def list_artifacts(session: Session, job_id: str) -> Sequence[ArtifactRow]:
    """Return a job's artefacts, oldest first."""
    return session.scalars(
        select(ArtifactRow).where(ArtifactRow.job_id == job_id).order_by(ArtifactRow.id)
    ).all()


def list_trial_artifacts(
    session: Session, job_id: str, kind: str
) -> list[tuple[ArtifactRow, TrialRow]]:
    """Return a job's artefacts of a kind that belong to trials, each with its trial."""
    query = (
        select(ArtifactRow, TrialRow)
        .join(TrialRow, TrialRow.id == ArtifactRow.trial_id)
        .where(ArtifactRow.job_id == job_id, ArtifactRow.kind == kind)
    )
    return [(artifact, trial) for artifact, trial in session.execute(query)]
