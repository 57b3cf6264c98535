"""A number for each change of a job, by which an onlooker asks for what it has not seen.

A job counts its changes and those of its trials, and each of these carries the number of its
latest one, which no other has. The count is taken under the lock of the job's row, so that whoever
sees one of them sees all those before: nothing appears later with a lower number.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.attributes import set_committed_value

from nas.database.jobs import JobRow
from nas.database.trials import TrialRow

_UNSEEN = frozenset({"runner", "lease_expires_at", "revision"})
"""Columns of a job that no onlooker is shown."""


def count_changes(new_session: sessionmaker[Session]) -> None:
    """Let every session that is made count the changes of the objects it writes."""
    event.listen(new_session, "before_flush", _count)


def take_revisions(session: Session, job_id: str, count: int = 1) -> range:
    """Count so many more changes of a job and return their numbers; locks the job's row.

    Without the job they begin at 1: what refers to it will be refused.
    """
    last: int = (
        session.connection().scalar(
            update(JobRow)
            .where(JobRow.id == job_id)
            .values(revision=JobRow.revision + count)
            .returning(JobRow.revision)
        )
        or count
    )
    job: Any = session.identity_map.get(session.identity_key(JobRow, job_id))
    if job is not None:
        set_committed_value(job, "revision", last)
    return range(last - count + 1, last + 1)


def _count(session: Session, _context: object, _instances: object) -> None:
    new_jobs = {row.id: row for row in session.new if isinstance(row, JobRow)}
    changed: dict[str, list[TrialRow]] = {}
    for row in (*session.new, *session.dirty):
        if isinstance(row, TrialRow) and session.is_modified(row):
            changed.setdefault(row.job_id, []).append(row)
    for row in session.dirty:
        if isinstance(row, JobRow) and _changed_columns(row) - _UNSEEN:
            changed.setdefault(row.id, [])
    for job_id, trials in changed.items():
        count = len(trials) or 1
        if job_id in new_jobs:
            revisions = range(1, count + 1)
            new_jobs[job_id].revision = count
        else:
            revisions = take_revisions(session, job_id, count)
        for trial, revision in zip(trials, revisions, strict=False):
            trial.revision = revision


def _changed_columns(row: JobRow) -> set[str]:
    attributes = inspect(row).attrs
    return {attribute.key for attribute in attributes if attribute.history.has_changes()}
