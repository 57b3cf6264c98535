"""Jobs: the table, how a runner claims one and keeps it, and how its status may change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, Text, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, foreign, mapped_column, relationship

from nas.database.api_keys import ApiKeyRow
from nas.database.base import Table, UtcDateTime, status_column
from nas.errors import ConflictError, JobTakenError, NotFoundError
from nas.ids import new_id
from nas.job import JobSpec, parse_job_spec, read_stored_spec
from nas.status import JOB_TRANSITIONS, JobStatus


class JobRow(Table):
    """One search job; `runner` and `lease_expires_at` say who works on it and until when."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[JobStatus] = mapped_column(status_column(JobStatus), index=True)
    spec_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    runner: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    idempotency_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    owner_key_id: Mapped[str | None] = mapped_column(String(36), index=True)
    final_epoch: Mapped[int] = mapped_column(default=0)
    final_json: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reference_json: Mapped[dict[str, float] | None] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    parent_job_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """The job that a follow-up scales a network of; it may have been deleted since."""
    parent_trial_id: Mapped[str | None] = mapped_column(String(36))

    # No constraint in the database: SQLite would have to make the table anew, and no key goes.
    owner: Mapped[ApiKeyRow | None] = relationship(
        primaryjoin=lambda: foreign(JobRow.owner_key_id) == ApiKeyRow.id,
        lazy="selectin",  # PostgreSQL locks no row of an outer join
        viewonly=True,
    )

    @property
    def last_event_id(self) -> int:
        """Id of the job's newest event; see `nas.job_events`."""
        return 2 * self.revision + 1

    @property
    def spec(self) -> JobSpec:
        """The request, ready to run; raises `InvalidInputError` if a package of it is gone."""
        return parse_job_spec(self.spec_json)

    @property
    def stored_spec(self) -> JobSpec:
        """The request as it was made, to be shown."""
        return read_stored_spec(self.spec_json)


def create_job(
    session: Session,
    spec: JobSpec,
    now: datetime,
    *,
    idempotency_key: str | None = None,
    owner: str | None = None,
) -> JobRow:
    """Add a queued job; `owner` is the key that it is submitted with."""
    job = JobRow(
        id=new_id(),
        name=spec.name or f"{spec.space} on {spec.dataset} by {spec.sampler}",
        status=JobStatus.QUEUED,
        spec_json=spec.model_dump(mode="json"),
        created_at=now,
        idempotency_key=_owned(idempotency_key, owner),
        owner_key_id=owner,
        parent_job_id=None if spec.scaling is None else spec.scaling.job_id,
        parent_trial_id=None if spec.scaling is None else spec.scaling.trial_id,
    )
    session.add(job)
    session.flush()
    return job


def find_or_create_job(
    session: Session,
    spec: JobSpec,
    now: datetime,
    *,
    idempotency_key: str,
    owner: str | None = None,
) -> JobRow:
    """Return the job that the owner created under the key, or create it.

    Raises:
        ConflictError: The key was used for a different job.
    """
    job = find_job_by_idempotency_key(session, idempotency_key, owner)
    if job is None:
        try:
            with session.begin_nested():
                return create_job(session, spec, now, idempotency_key=idempotency_key, owner=owner)
        except IntegrityError:  # another process was quicker; its job is committed by now
            job = find_job_by_idempotency_key(session, idempotency_key, owner)
            if job is None:
                raise
    if job.stored_spec != spec:
        raise ConflictError("Idempotency-Key was used for a different job")
    return job


def find_job_by_idempotency_key(
    session: Session, key: str, owner: str | None = None
) -> JobRow | None:
    """Return the job that its owner created under `key`."""
    return session.scalar(select(JobRow).where(JobRow.idempotency_key == _owned(key, owner)))


def _owned(idempotency_key: str | None, owner: str | None) -> str | None:
    """Keep apart what different owners happen to call alike."""
    if idempotency_key is None or owner is None:
        return idempotency_key
    return f"{owner}:{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def find_or_raise_job(session: Session, job_id: str) -> JobRow:
    """Return the job; raises `NotFoundError`."""
    job = session.get(JobRow, job_id)
    if job is None:
        raise NotFoundError(f"no job {job_id!r}")
    return job


def lock_job(session: Session, job_id: str) -> JobRow:
    """Return the job for changing it: others that would change it wait for this transaction.

    Raises:
        NotFoundError: There is no such job.
    """
    job = session.get(JobRow, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise NotFoundError(f"no job {job_id!r}")
    return job


def list_jobs(
    session: Session,
    *,
    statuses: Collection[JobStatus] = (),
    owner: str | None = None,
    before: str | None = None,
    limit: int | None = None,
) -> Sequence[JobRow]:
    """Return jobs, of one owner or of all, newest first; `before` ends the page before."""
    query = select(JobRow).order_by(JobRow.id.desc())
    if statuses:
        query = query.where(JobRow.status.in_(statuses))
    if owner is not None:
        query = query.where(JobRow.owner_key_id == owner)
    if before is not None:
        query = query.where(JobRow.id < before)
    return session.scalars(query.limit(limit)).all()


def list_revisions(session: Session, job_ids: Collection[str]) -> dict[str, int]:
    """Return how often each of the jobs has changed; those that are gone are left out."""
    query = select(JobRow.id, JobRow.revision).where(JobRow.id.in_(job_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def list_follow_ups(session: Session, job_id: str, *, owner: str | None = None) -> Sequence[JobRow]:
    """Return the jobs, of one owner or of all, that scale what this one found, newest first."""
    query = select(JobRow).where(JobRow.parent_job_id == job_id).order_by(JobRow.id.desc())
    if owner is not None:
        query = query.where(JobRow.owner_key_id == owner)
    return session.scalars(query).all()


def count_jobs(session: Session) -> dict[JobStatus, int]:
    """Return how many jobs have each status, also where there is none."""
    found = session.execute(select(JobRow.status, func.count()).group_by(JobRow.status))
    return dict.fromkeys(JobStatus, 0) | {row[0]: row[1] for row in found}


def set_job_status(job: JobRow, status: JobStatus) -> None:
    """Change the status; raises `ConflictError` where the table of transitions forbids it."""
    if status not in JOB_TRANSITIONS[job.status]:
        raise ConflictError(f"job {job.id} is {job.status} and cannot become {status}")
    job.status = status


def claim_job(
    session: Session,
    job_id: str,
    runner: str,
    now: datetime,
    lease: timedelta,
    is_gone: Callable[[str], bool] = lambda runner: False,
) -> JobRow:
    """Make `runner` the one that works on the job; `is_gone` tells of runners known to be dead.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is completed, or another runner's lease still runs.
    """
    job = lock_job(session, job_id)
    if job.status is JobStatus.COMPLETED:
        raise ConflictError(f"job {job_id} is completed; nothing is left to run")
    holder = job.runner if _is_held(job, now) else None
    if holder is not None and holder != runner and not is_gone(holder):
        raise ConflictError(f"job {job_id} is being run by {holder}; stop it there first")
    if job.status is JobStatus.STOPPING:  # its runner died before it could stop
        set_job_status(job, JobStatus.STOPPED)
    set_job_status(job, JobStatus.RUNNING)
    job.started_at = job.started_at or now
    job.finished_at, job.error = None, None
    job.runner, job.lease_expires_at = runner, now + lease
    return job


def find_claimable_job(session: Session, now: datetime) -> JobRow | None:
    """Return the oldest job that waits, or whose runner has been silent past its lease."""
    abandoned = and_(JobRow.status == JobStatus.RUNNING, JobRow.lease_expires_at < now)
    return session.scalar(
        select(JobRow)
        .where(or_(JobRow.status == JobStatus.QUEUED, abandoned))
        .order_by(JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def settle_abandoned_stops(session: Session, now: datetime) -> None:
    """Let jobs that were to stop, and whose runner has been silent past its lease, be stopped."""
    abandoned = session.scalars(
        select(JobRow)
        .where(JobRow.status == JobStatus.STOPPING, JobRow.lease_expires_at < now)
        .with_for_update(skip_locked=True)
    )
    for job in abandoned:
        release_job(job, JobStatus.STOPPED, now)


def _is_held(job: JobRow, now: datetime) -> bool:
    """Tell whether a runner has the job and has been heard of lately."""
    return job.lease_expires_at is not None and job.lease_expires_at > now


def renew_lease(
    session: Session, job_id: str, runner: str, now: datetime, lease: timedelta
) -> JobRow:
    """Say that `runner` is alive; raises `JobTakenError` if the job was taken from it."""
    job = lock_job(session, job_id)
    if job.runner != runner:
        raise JobTakenError(f"job {job_id} was taken from {runner}: it is {job.status} now")
    job.lease_expires_at = now + lease
    return job


def require_runner(session: Session, job_id: str, runner: str) -> None:
    """Let nobody take the job from `runner` before this transaction's end.

    A runner whose lease ran out unnoticed, because the database was gone, writes no more.

    Raises:
        JobTakenError: Another has it already.
    """
    holder = session.scalar(
        select(JobRow.runner)
        .where(JobRow.id == job_id)
        .with_for_update(read=True, key_share=True)  # holds off `lock_job` alone
    )
    if holder != runner:
        raise JobTakenError(f"job {job_id} was taken from {runner}")


def request_stop(session: Session, job_id: str, now: datetime) -> JobRow:
    """Ask for a stop: at once if no runner has the job, else as soon as its runner sees it."""
    job = lock_job(session, job_id)
    if job.status in (JobStatus.RUNNING, JobStatus.STOPPING) and _is_held(job, now):
        if job.status is JobStatus.RUNNING:
            set_job_status(job, JobStatus.STOPPING)
    else:  # nobody runs it, or its runner died before it could stop
        release_job(job, JobStatus.STOPPED, now)
    return job


def request_resume(session: Session, job_id: str, now: datetime) -> JobRow:
    """Queue a stopped, failed or abandoned job again, for any runner to go on with."""
    job = lock_job(session, job_id)
    if job.status in (JobStatus.RUNNING, JobStatus.STOPPING) and not _is_held(job, now):
        set_job_status(job, JobStatus.STOPPED)
    set_job_status(job, JobStatus.QUEUED)
    job.finished_at, job.error = None, None
    job.runner, job.lease_expires_at = None, None  # a runner that comes back has lost the job
    return job


def release_job(job: JobRow, status: JobStatus, now: datetime, error: str | None = None) -> None:
    """End a runner's work on the job with a final status."""
    set_job_status(job, status)
    job.finished_at, job.error = now, error
    job.runner, job.lease_expires_at = None, None
