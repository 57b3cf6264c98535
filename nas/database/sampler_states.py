"""What samplers had learned at some moment, so that a new one need not be told all again."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table


class SamplerStateRow(Table):
    """The newest kept state of a job's sampler, which covers its first `told` tells."""

    __tablename__ = "sampler_states"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    told: Mapped[int]
    state: Mapped[bytes] = mapped_column(LargeBinary)


def find_sampler_state(session: Session, job_id: str) -> SamplerStateRow | None:
    """Return the state kept of the job's sampler."""
    return session.get(SamplerStateRow, job_id)


def keep_sampler_state(session: Session, job_id: str, told: int, state: bytes) -> None:
    """Keep a state in place of the one before."""
    session.merge(SamplerStateRow(job_id=job_id, told=told, state=state))
