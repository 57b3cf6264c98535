"""Holding a key to its quota where it submits or resumes a job."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from nas.access import Quota
from nas.database.api_keys import find_or_raise_key
from nas.database.jobs import JobRow
from nas.database.trials import TrialRow
from nas.errors import QuotaExceededError
from nas.status import JobStatus

_ACTIVE = [status for status in JobStatus if status.is_active]
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What the jobs of one key have taken so far."""

    active_jobs: int
    trials: int
    gpu_hours: float


def usage_of(session: Session, key_id: str) -> Usage:
    """Add up the jobs of a key.

    GPU-hours are the training time of trials that ran on GPUs, times the GPUs that the job's
    `resources` name; a share that the service chose itself counts as one whole GPU.
    """
    asked = JobRow.spec_json["trials"].as_integer()
    active_once = case((JobRow.status.in_(_ACTIVE), 1))
    active, trials = session.execute(
        select(func.count(active_once), func.coalesce(func.sum(asked), 0)).where(
            JobRow.owner_key_id == key_id
        )
    ).one()
    return Usage(int(active), int(trials), _gpu_hours(session, key_id))


def _gpu_hours(session: Session, key_id: str) -> float:
    seconds_by_job = session.execute(
        select(JobRow.spec_json, func.sum(TrialRow.train_seconds))
        .join(TrialRow, TrialRow.job_id == JobRow.id)
        .where(
            JobRow.owner_key_id == key_id,
            TrialRow.cached_from.is_(None),
            TrialRow.environment_json["device"].as_string() != "cpu",
        )
        .group_by(JobRow.id)
    )
    return (
        sum(
            (seconds or 0.0) * ((spec.get("resources") or {}).get("gpus_per_trial") or 1.0)
            for spec, seconds in seconds_by_job
        )
        / _SECONDS_PER_HOUR
    )


def require_within_quota(session: Session, key_id: str | None, *, new_trials: int) -> None:
    """Refuse a job that would be one too many; call it in the transaction that queues the job.

    Raises:
        QuotaExceededError: Names the limit, what is used and what was asked for.
    """
    if key_id is None:
        return
    quota: Quota = find_or_raise_key(session, key_id).quota
    usage = usage_of(session, key_id)
    if quota.jobs_at_once is not None and usage.active_jobs >= quota.jobs_at_once:
        raise QuotaExceededError(
            f"jobs_at_once: this key has {usage.active_jobs} active, allowed: {quota.jobs_at_once}"
        )
    if quota.trials is not None and usage.trials + new_trials > quota.trials:
        raise QuotaExceededError(
            f"trials: got {new_trials}, this key's jobs have asked for {usage.trials}, "
            f"allowed: {quota.trials} in all"
        )
    if quota.gpu_hours is not None and usage.gpu_hours >= quota.gpu_hours:
        raise QuotaExceededError(
            f"gpu_hours: this key has used {usage.gpu_hours:.2f}, allowed: {quota.gpu_hours:g}"
        )
