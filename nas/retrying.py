"""Trying trials again that failed, alone: what the job has otherwise learned stays.

The records are put to what they would be had the trial not ended yet: it is pending, its proposals
wait for a result, and what the sampler was told after its failure moves up. So the loop that goes
on with the job rebuilds a sampler that never heard of the failure. Epochs that are recorded stay,
and are not recorded again while the trial trains anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from nas.database.jobs import JobRow, lock_job
from nas.database.policies import PolicyRow
from nas.database.proposals import list_proposals
from nas.database.sampler_states import SamplerStateRow
from nas.database.trials import TrialRow, find_or_raise_trial, list_trials
from nas.errors import ConflictError, InvalidInputError
from nas.layout import CHECKPOINT_NAME, final_directory
from nas.status import JobStatus, TrialStatus


def retry_trial(session: Session, artifact_dir: Path, trial_id: str, now: datetime) -> TrialRow:
    """Put one trial back to pending and queue its job.

    Raises:
        NotFoundError: There is no such trial.
        ConflictError: It did not fail, or its job is being run.
    """
    trial = find_or_raise_trial(session, trial_id)
    job = _lock_idle_job(session, trial.job_id, now)
    session.refresh(trial)
    if not is_retriable(trial):
        reason = "was refused before training" if not trial.is_feasible else f"is {trial.status}"
        raise ConflictError(
            f"trial {trial.id} {reason}; allowed: one that failed or ran out of memory"
        )
    _put_back(session, artifact_dir, job, [trial])
    return trial


def retry_failed_trials(
    session: Session,
    artifact_dir: Path,
    job_id: str,
    now: datetime,
    trial_ids: Collection[str] = (),
) -> Sequence[TrialRow]:
    """Put a job's failed trials, or those named, back to pending and queue the job.

    Raises:
        NotFoundError: There is no such job.
        InvalidInputError: A trial that is named is none of the job's failed ones.
        ConflictError: No trial failed, or the job is being run.
    """
    job = _lock_idle_job(session, job_id, now)
    failed = [trial for trial in list_trials(session, job_id) if is_retriable(trial)]
    wrong = set(trial_ids) - {trial.id for trial in failed}
    if wrong:
        raise InvalidInputError(
            f"trial: got {min(wrong)!r}, allowed: {', '.join(t.id for t in failed) or 'none'}, "
            "the job's trials that failed or ran out of memory"
        )
    if not failed:
        raise ConflictError(f"job {job_id} has no trial that failed or ran out of memory")
    wanted = [trial for trial in failed if not trial_ids or trial.id in trial_ids]
    _put_back(session, artifact_dir, job, wanted)
    return wanted


def is_retriable(trial: TrialRow) -> bool:
    """Tell whether a trial failed, or ran out of memory, and may do better another time."""
    if trial.status is TrialStatus.INFEASIBLE:
        return trial.is_feasible  # else it was refused for what it is, before any training
    return trial.status is TrialStatus.FAILED


def _lock_idle_job(session: Session, job_id: str, now: datetime) -> JobRow:
    job = lock_job(session, job_id)
    is_run = job.status in (JobStatus.RUNNING, JobStatus.STOPPING)
    if is_run and job.lease_expires_at is not None and job.lease_expires_at > now:
        raise ConflictError(f"job {job_id} is {job.status}; stop it, or wait for its end, first")
    return job


def _put_back(
    session: Session, artifact_dir: Path, job: JobRow, trials: Sequence[TrialRow]
) -> None:
    for trial in trials:  # a life begun anew, not a step within one: no table of transitions has it
        trial.status = TrialStatus.PENDING
        trial.error, trial.finished_at, trial.reward = None, None, None
        trial.note_shortage(None)
    _forget_tells(session, job.id, {trial.id for trial in trials})
    job.status = JobStatus.QUEUED
    job.finished_at, job.error = None, None
    job.runner, job.lease_expires_at = None, None
    # Another trial may win now; checkpoints of the former winner's retraining are not its own.
    for checkpoint in final_directory(artifact_dir, job.id).rglob(CHECKPOINT_NAME):
        checkpoint.unlink()
    job.final_epoch = 0


def _forget_tells(session: Session, job_id: str, trial_ids: Collection[str]) -> None:
    """Let the proposals of trials wait again, and number what was told otherwise without gaps."""
    proposals = list_proposals(session, job_id)
    told = [row for row in proposals if row.told is not None and row.trial_id not in trial_ids]
    for row in proposals:
        if row.trial_id in trial_ids:
            row.told = row.reward = row.values_json = None
    for order, row in enumerate(sorted(told, key=lambda row: row.told or 0)):
        row.told = order
    # Both follow from what was told, in its order; they are made again as it is told anew.
    for table in (SamplerStateRow, PolicyRow):
        session.execute(delete(table).where(table.job_id == job_id))
