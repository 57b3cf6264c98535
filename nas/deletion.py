"""Deleting jobs and trials for good: rows, files and logs go, ids and numbers never come back.

Where the trial of another job was answered by an evaluation that goes, the oldest such trial
becomes the one that was trained: weights, checkpoint and log are its own from then on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from nas.artifacts import ArtifactStore, discard
from nas.database import Database
from nas.database.artifacts import list_artifacts, list_artifacts_of_trial
from nas.database.deleted_trials import DeletedTrialRow
from nas.database.jobs import JobRow, lock_job
from nas.database.revisions import take_revisions
from nas.database.trials import (
    TrialRow,
    find_best_trial,
    find_or_raise_trial,
    list_answered_trials,
    list_trials,
)
from nas.errors import ConflictError
from nas.final import FinalResult
from nas.layout import CHECKPOINT_NAME, final_directory, job_directory, trial_directory
from nas.status import JobStatus


def delete_job(database: Database, store: ArtifactStore, artifact_dir: Path, job_id: str) -> None:
    """Delete a job with its trials, results, logs and files.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is queued or being run.
    """
    with database.write() as session:
        job = lock_job(session, job_id)
        if job.status.is_active:
            raise ConflictError(f"job {job_id} is {job.status}; stop it first")
        for trial in list_trials(session, job_id):
            _bequeath(session, artifact_dir, trial)
        session.flush()
        gone = {artifact.sha256 for artifact in list_artifacts(session, job_id)}
        session.delete(job)
    _discard_files(database, store, job_directory(artifact_dir, job_id), gone)


def delete_trial(
    database: Database, store: ArtifactStore, artifact_dir: Path, trial_id: str, now: datetime
) -> None:
    """Delete an ended trial with its metrics, log and files.

    The job keeps what its sampler was told: resumed, it neither uses the number again nor
    evaluates the candidate again.

    Raises:
        NotFoundError: There is no such trial.
        ConflictError: It has not ended, its job is being run, or its test is the job's result.
    """
    with database.write() as session:
        job = lock_job(session, find_or_raise_trial(session, trial_id).job_id)
        trial = find_or_raise_trial(session, trial_id)
        _require_deletable(job, trial)
        if job.final_epoch and find_best_trial(session, job.id) is trial:
            # Another trial wins now; the checkpoint of this one's retraining is not its own.
            (final_directory(artifact_dir, job.id) / CHECKPOINT_NAME).unlink(missing_ok=True)
            job.final_epoch = 0
        _bequeath(session, artifact_dir, trial)
        session.flush()
        gone = {artifact.sha256 for artifact in list_artifacts_of_trial(session, trial)}
        session.delete(trial)
        session.add(
            DeletedTrialRow(
                trial_id=trial.id,
                job_id=trial.job_id,
                number=trial.number,
                architecture_hash=trial.architecture_hash,
                evaluation_key=trial.evaluation_key,
                revision=take_revisions(session, job.id)[0],
                deleted_at=now,
            )
        )
    _discard_files(database, store, trial_directory(artifact_dir, job.id, trial_id), gone)


def _require_deletable(job: JobRow, trial: TrialRow) -> None:
    if job.status in (JobStatus.RUNNING, JobStatus.STOPPING):
        raise ConflictError(f"job {job.id} is {job.status}; stop it first")
    if not trial.status.is_final:
        raise ConflictError(f"trial {trial.id} is {trial.status}; allowed: one that has ended")
    if job.final_json and FinalResult.model_validate(job.final_json).trial_id == trial.id:
        raise ConflictError(
            f"trial {trial.id} was retrained and tested as the result of job {job.id}; "
            "delete the job"
        )


def _bequeath(session: Session, artifact_dir: Path, trial: TrialRow) -> None:
    """Leave what was trained to the oldest trial that it answered, if it answered any."""
    answered = list_answered_trials(session, trial.id)
    if not answered:
        return
    heir, *others = answered
    heir.cached_from = None
    for other in others:
        other.cached_from = heir.id
    for artifact in list_artifacts_of_trial(session, trial):
        artifact.job_id, artifact.trial_id = heir.job_id, heir.id
    left = trial_directory(artifact_dir, trial.job_id, trial.id)
    if left.is_dir():
        inherited = trial_directory(artifact_dir, heir.job_id, heir.id)
        shutil.copytree(left, inherited, dirs_exist_ok=True)


def _discard_files(
    database: Database, store: ArtifactStore, directory: Path, contents: Iterable[str]
) -> None:
    """Remove files whose rows are gone; should this be cut off, `nas artifacts gc` goes on."""
    for sha256 in contents:
        discard(database, store, sha256)
    shutil.rmtree(directory, ignore_errors=True)
