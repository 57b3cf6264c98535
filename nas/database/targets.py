"""What an id names where both jobs and trials are taken."""

from __future__ import annotations

from sqlalchemy.orm import Session

from nas.database.jobs import JobRow
from nas.database.trials import TrialRow
from nas.errors import NotFoundError


def find_or_raise_job_or_trial(session: Session, target_id: str) -> JobRow | TrialRow:
    """Return the job or the trial; raises `NotFoundError` if it is neither."""
    found = session.get(JobRow, target_id) or session.get(TrialRow, target_id)
    if found is None:
        raise NotFoundError(f"no job or trial {target_id!r}")
    return found
