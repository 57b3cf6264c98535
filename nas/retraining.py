"""Asking for the winner's test with more seeds, once a job has ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from nas.database.jobs import JobRow, lock_job
from nas.errors import ConflictError, InvalidInputError
from nas.final import MOST_SEEDS, FinalResult
from nas.status import JobStatus


def request_seeds(session: Session, job_id: str, seeds: int, now: datetime) -> JobRow:
    """Queue an ended job, to have its winner retrained and tested with `seeds` seeds in all.

    Those it was tested with already count, and are not trained again.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is being run, or has no retrained winner yet.
        InvalidInputError: It has so many seeds already, or `seeds` is out of range.
    """
    job = lock_job(session, job_id)
    if job.status.is_active and job.lease_expires_at is not None and job.lease_expires_at > now:
        raise ConflictError(f"job {job_id} is {job.status}; stop it, or wait for its end, first")
    if job.final_json is None:
        raise ConflictError(
            f"job {job_id} is {job.status} and has no retrained winner yet; run it to its end first"
        )
    final = FinalResult.model_validate(job.final_json)
    done = 1 + len(final.further)
    if not done < seeds <= MOST_SEEDS:
        raise InvalidInputError(
            f"seeds: got {seeds}, allowed: {done + 1} to {MOST_SEEDS}, those it has included"
        )
    job.final_json = final.model_copy(update={"seeds_wanted": seeds}).model_dump(mode="json")
    job.status = JobStatus.QUEUED  # begun anew, as when trials are tried again
    job.finished_at, job.error = None, None
    job.runner, job.lease_expires_at = None, None
    return job
