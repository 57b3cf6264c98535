"""How long the phases of jobs took and how busy their workers were, added up per job."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table
from nas.database.jobs import JobRow
from nas.phases import Phase, Spent
from nas.status import JobStatus


class PhaseTimeRow(Table):
    """Seconds that a job spent in a phase, over all its runs."""

    __tablename__ = "phase_times"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    phase: Mapped[str] = mapped_column(String(16), primary_key=True)
    seconds: Mapped[float]
    count: Mapped[int]


class WorkerTimeRow(Table):
    """A job's workers: how many trials fit at once, and the seconds of these places, and in use."""

    __tablename__ = "worker_times"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    slots: Mapped[int]
    slot_seconds: Mapped[float]
    busy_seconds: Mapped[float]


def add_phase_times(session: Session, job_id: str, spent: Mapping[Phase, Spent]) -> None:
    """Add to what the job has spent so far."""
    for phase, more in spent.items():
        row = session.get(PhaseTimeRow, (job_id, phase.value), with_for_update=True)
        if row is None:
            row = PhaseTimeRow(job_id=job_id, phase=phase.value, seconds=0.0, count=0)
            session.add(row)
        row.seconds += more.seconds
        row.count += more.count


def add_worker_times(
    session: Session, job_id: str, *, slots: int, slot_seconds: float, busy_seconds: float
) -> None:
    """Add to the seconds of the job's workers; `slots` is how many there are now."""
    row = session.get(WorkerTimeRow, job_id, with_for_update=True)
    if row is None:
        row = WorkerTimeRow(job_id=job_id, slots=slots, slot_seconds=0.0, busy_seconds=0.0)
        session.add(row)
    row.slots = slots
    row.slot_seconds += slot_seconds
    row.busy_seconds += busy_seconds


def total_phase_times(session: Session) -> dict[Phase, Spent]:
    """Return what all jobs spent, by phase."""
    query = select(
        PhaseTimeRow.phase, func.sum(PhaseTimeRow.seconds), func.sum(PhaseTimeRow.count)
    ).group_by(PhaseTimeRow.phase)
    found = {phase: Spent(float(s), int(n)) for phase, s, n in session.execute(query)}
    return {phase: found.get(phase.value, Spent()) for phase in Phase}


def ask_times_by_sampler(session: Session) -> dict[str, Spent]:
    """Return what samplers took to propose, over all jobs."""
    sampler = JobRow.spec_json["sampler"].as_string()
    query = (
        select(sampler, func.sum(PhaseTimeRow.seconds), func.sum(PhaseTimeRow.count))
        .join(JobRow, JobRow.id == PhaseTimeRow.job_id)
        .where(PhaseTimeRow.phase == Phase.ASK.value)
        .group_by(sampler)
        .order_by(sampler)
    )
    return {name: Spent(float(s), int(n)) for name, s, n in session.execute(query)}


def worker_totals(session: Session, *, running_only: bool = False) -> tuple[int, float, float]:
    """Return slots, slot seconds and busy seconds of all jobs, or of those that run now."""
    query = select(
        func.coalesce(func.sum(WorkerTimeRow.slots), 0),
        func.coalesce(func.sum(WorkerTimeRow.slot_seconds), 0.0),
        func.coalesce(func.sum(WorkerTimeRow.busy_seconds), 0.0),
    )
    if running_only:
        running = (JobStatus.RUNNING, JobStatus.STOPPING)
        query = query.join(JobRow, JobRow.id == WorkerTimeRow.job_id).where(
            JobRow.status.in_(running)
        )
    slots, slot_seconds, busy_seconds = session.execute(query).one()
    return int(slots), float(slot_seconds), float(busy_seconds)
