"""What the baselines of a job reached; a row appears when its baseline has been measured."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.baselines import BaselineResult
from nas.database.artifacts import ArtifactRow
from nas.database.base import Table

PICTURE_KIND = "templates"
"""Kind of the artefacts that show what a baseline has learned; `details` names the baseline."""


class BaselineRow(Table):
    """One baseline of one job; the columns are those of `BaselineResult`."""

    __tablename__ = "baselines"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    validation_accuracy: Mapped[float | None]
    test_accuracy: Mapped[float | None]
    fit_seconds: Mapped[float | None]
    features: Mapped[int | None]
    parameters: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)


def add_baseline(session: Session, job_id: str, result: BaselineResult) -> bool:
    """Record a baseline that has been measured on validation images, or could not be.

    Returns whether it is new; one recorded before stays as it is. The caller holds the job's lock.
    """
    if session.get(BaselineRow, (job_id, result.name)) is not None:
        return False
    session.add(BaselineRow(job_id=job_id, **result.model_dump()))
    return True


def list_baselines(session: Session, job_id: str) -> Sequence[BaselineRow]:
    """Return a job's recorded baselines by name."""
    return list_baselines_of_jobs(session, [job_id])


def list_baselines_of_jobs(session: Session, job_ids: Sequence[str]) -> Sequence[BaselineRow]:
    """Return the recorded baselines of jobs, job by job and by name."""
    return session.scalars(
        select(BaselineRow)
        .where(BaselineRow.job_id.in_(job_ids))
        .order_by(BaselineRow.job_id, BaselineRow.name)
    ).all()


def list_pictures(session: Session, job_id: str) -> Sequence[ArtifactRow]:
    """Return the pictures that a job's baselines drew, oldest first."""
    return session.scalars(
        select(ArtifactRow)
        .where(ArtifactRow.job_id == job_id, ArtifactRow.kind == PICTURE_KIND)
        .order_by(ArtifactRow.id)
    ).all()


def record_baseline_test(
    session: Session, job_id: str, name: str, accuracy: float | None, error: str | None
) -> None:
    """Record the test of a baseline, or why there is none; a test recorded before stays."""
    row = session.get(BaselineRow, (job_id, name), with_for_update=True)
    if row is not None and row.test_accuracy is None:
        row.test_accuracy, row.error = accuracy, error
