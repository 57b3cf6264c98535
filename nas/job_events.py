"""What happens to a job, as events that a client which was cut off can go on from.

Of the change of number r (`nas.database.revisions`) a trial's event has the id 2 r, and how the
job stands after it 2 r + 1. Of a trial that has changed several times since, only how it stands is
told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nas.database.deleted_trials import DeletedTrialRow, list_deleted_trials
from nas.database.jobs import find_or_raise_job
from nas.database.trials import TrialRow, list_changed_trials
from nas.representations import JobView, TrialMetrics, TrialView
from nas.status import JobStatus, TrialStatus


class EventName(StrEnum):
    """What an event tells of."""

    JOB = "job"
    """How the job stands, once all that follows from its trials' events is told."""
    TRIAL = "trial"
    TRIAL_DELETED = "trial-deleted"
    END = "end"
    """The job is over; nothing follows unless it is resumed."""


class TrialEvent(BaseModel):
    """How a trial stands."""

    id: str
    number: int = Field(description="order of creation within the job, from 0")
    status: TrialStatus
    epochs_done: int
    budget: int = Field(description="epochs granted")
    metrics: TrialMetrics
    reward: float | None = Field(description="what the objective came to, to be maximised")
    is_feasible: bool
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: TrialRow) -> TrialEvent:
        """Read a row."""
        view = TrialView.of(row)
        return cls.model_construct(**{name: getattr(view, name) for name in cls.model_fields})


class DeletedTrialEvent(BaseModel):
    """Which trial is gone."""

    id: str
    number: int
    deleted_at: datetime


class JobEvent(BaseModel):
    """How a job stands."""

    id: str
    status: JobStatus
    error: str | None
    trials: int = Field(description="architectures to evaluate")
    trials_done: int
    trials_by_status: dict[TrialStatus, int]
    best: TrialEvent | None
    final_epoch: int = Field(description="epochs done of the winner's retraining")
    final_epochs: int
    test_accuracy: float | None = Field(description="in [0, 1]")

    @classmethod
    def of(cls, view: JobView) -> JobEvent:
        """Take from a job what changes."""
        best = view.best
        shown = {name: getattr(view, name) for name in cls.model_fields if name != "best"}
        short = None if best is None else TrialEvent.model_validate(best, from_attributes=True)
        return cls.model_construct(**shown, best=short)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its data ready to be written."""

    id: int
    name: EventName
    data: BaseModel


@dataclass(frozen=True, slots=True)
class JobChanges:
    """What follows an event, and whether more is known or may come."""

    events: tuple[Event, ...]
    last: int
    is_all: bool
    is_over: bool


def read_changes(session: Session, job_id: str, after: int, limit: int = 500) -> JobChanges:
    """Read what follows the event of id `after`, at most so many trials at once.

    Raises:
        NotFoundError: There is no such job.
    """
    job = find_or_raise_job(session, job_id)
    # What is committed after that statement waits for the next call, so that nothing is left out.
    wanted = range(after // 2 + 1, job.revision + 1)
    events = [
        *map(_of_trial, list_changed_trials(session, job_id, wanted, limit=limit)),
        *map(_of_deleted, list_deleted_trials(session, job_id, wanted, limit=limit)),
    ]
    events.sort(key=lambda event: event.id)
    is_over = not job.status.is_active
    if len(events) >= limit:
        told = tuple(events[:limit])
        return JobChanges(told, told[-1].id, is_all=False, is_over=is_over)
    if after < job.last_event_id:
        view = JobEvent.of(JobView.of(session, job))
        events.append(Event(job.last_event_id, EventName.JOB, view))
    return JobChanges(tuple(events), job.last_event_id, is_all=True, is_over=is_over)


def _of_trial(row: TrialRow) -> Event:
    return Event(2 * row.revision, EventName.TRIAL, TrialEvent.of(row))


def _of_deleted(row: DeletedTrialRow) -> Event:
    gone = DeletedTrialEvent(id=row.trial_id, number=row.number, deleted_at=row.deleted_at)
    return Event(2 * row.revision, EventName.TRIAL_DELETED, gone)
