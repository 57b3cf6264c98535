"""Files a job produced: what they are known by, and what was checked about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table, UtcDateTime
from nas.database.trials import TrialRow
from nas.errors import NotFoundError
from nas.ids import new_id

CHECKPOINT_KIND = "checkpoint"
WEIGHTS_KIND = "weights"
"""Those that a trial of the search ended with."""

FINAL_WEIGHTS_KIND = "final-weights"
"""Those of the winner, retrained."""

_LOCK = 0x6E_61_73_61  # any number that nothing else in the database locks


class ArtifactRow(Table):
    """One file, by the digest of its content.

    `path` is its name; rows of earlier versions have its path below the artefact directory.
    """

    __tablename__ = "artifacts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    trial_id: Mapped[str | None] = mapped_column(
        ForeignKey("trials.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(32))
    path: Mapped[str] = mapped_column(String(1024))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def lock_artifacts(session: Session) -> None:
    """Hold back, until the transaction ends, all others that enter or sweep artefacts.

    On SQLite a transaction that may write is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def is_referenced(session: Session, sha256: str) -> bool:
    """Tell whether any row is of this content."""
    return session.scalar(select(ArtifactRow.id).where(ArtifactRow.sha256 == sha256)) is not None


def list_referenced(session: Session) -> set[str]:
    """Return the digests of all contents that rows are of."""
    return set(session.scalars(select(ArtifactRow.sha256).distinct()))


def find_artifact(
    session: Session, job_id: str, kind: str, trial_id: str | None
) -> ArtifactRow | None:
    """Return the newest artefact of a kind that belongs to a trial, or to the job where None."""
    return session.scalar(
        select(ArtifactRow)
        .where(
            ArtifactRow.job_id == job_id,
            ArtifactRow.kind == kind,
            ArtifactRow.trial_id == trial_id,
        )
        .order_by(ArtifactRow.id.desc())
        .limit(1)
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


def list_artifacts_of_trial(session: Session, trial: TrialRow) -> Sequence[ArtifactRow]:
    """Return the artefacts of one trial, oldest first."""
    return [each for each in list_artifacts(session, trial.job_id) if each.trial_id == trial.id]


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
