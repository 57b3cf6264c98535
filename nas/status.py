"""Statuses of jobs and trials, and the one table of allowed transitions for each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class JobStatus(StrEnum):
    """Where a search job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """Whether a runner works on the job, or should."""
        return self in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.STOPPING)


class TrialStatus(StrEnum):
    """Where a trial stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"
    INFEASIBLE = "infeasible"

    @property
    def is_final(self) -> bool:
        """Whether the trial will never change again, unless it is tried again: `nas.retrying`."""
        return self not in (TrialStatus.PENDING, TrialStatus.RUNNING)


JOB_TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.STOPPED}),
    JobStatus.RUNNING: frozenset(
        {
            JobStatus.RUNNING,  # taken over from a runner that died
            JobStatus.STOPPING,
            JobStatus.STOPPED,
            JobStatus.COMPLETED,
            JobStatus.FAILED,
        }
    ),
    JobStatus.STOPPING: frozenset({JobStatus.STOPPED, JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.STOPPED: frozenset({JobStatus.QUEUED, JobStatus.RUNNING}),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED, JobStatus.RUNNING}),
    JobStatus.COMPLETED: frozenset(),
}

TRIAL_TRANSITIONS: Mapping[TrialStatus, frozenset[TrialStatus]] = {
    TrialStatus.PENDING: frozenset(
        {
            TrialStatus.RUNNING,
            TrialStatus.COMPLETED,  # answered by an equal evaluation
            TrialStatus.FAILED,
            TrialStatus.INFEASIBLE,
        }
    ),
    TrialStatus.RUNNING: frozenset(
        {
            TrialStatus.RUNNING,
            TrialStatus.PENDING,  # its job was stopped; it goes on when the job does
            TrialStatus.COMPLETED,
            TrialStatus.PRUNED,
            TrialStatus.FAILED,
            TrialStatus.INFEASIBLE,
        }
    ),
    TrialStatus.COMPLETED: frozenset(),
    TrialStatus.PRUNED: frozenset(),
    TrialStatus.FAILED: frozenset(),
    TrialStatus.INFEASIBLE: frozenset(),
}
