"""Trials that were deleted: what must not come back of them.

Their numbers are not given again, their candidates are not evaluated again, and who follows the
job learns that they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table, UtcDateTime


class DeletedTrialRow(Table):
    """One deleted trial; what the sampler was told of it stays with its proposals."""

    __tablename__ = "deleted_trials"
    __table_args__ = (Index("ix_deleted_trials_job_id_revision", "job_id", "revision"),)

    trial_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    architecture_hash: Mapped[str] = mapped_column(String(64))
    evaluation_key: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)


def list_deleted_trials(
    session: Session, job_id: str, revisions: range | None = None, *, limit: int | None = None
) -> Sequence[DeletedTrialRow]:
    """Return a job's deleted trials in the order of deletion, of these changes or of all."""
    query = select(DeletedTrialRow).where(DeletedTrialRow.job_id == job_id)
    if revisions is not None:
        query = query.where(DeletedTrialRow.revision.between(revisions.start, revisions.stop - 1))
    return session.scalars(query.order_by(DeletedTrialRow.revision).limit(limit)).all()


def count_deleted_trials(session: Session, job_ids: Sequence[str]) -> dict[str, int]:
    """Return how many trials of each job were deleted; jobs without any are left out."""
    query = (
        select(DeletedTrialRow.job_id, func.count())
        .where(DeletedTrialRow.job_id.in_(job_ids))
        .group_by(DeletedTrialRow.job_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}
