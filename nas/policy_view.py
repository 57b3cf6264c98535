"""How a job's policy over time looks from outside: the same for REST, CLI and dashboard."""

from __future__ import annotations

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nas.database.jobs import find_or_raise_job
from nas.database.policies import PolicyRow, list_policies
from nas.policy import Policy


class PolicyView(Policy):
    """A policy at one moment of a search."""

    told: int = Field(description="results that the sampler had been told by then")

    @classmethod
    def of(cls, row: PolicyRow) -> PolicyView:
        """Read a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class PolicyHistory(BaseModel):
    """A job's policy over time; without items where its sampler has none."""

    job_id: str = Field(description="the job")
    items: list[PolicyView] = Field(description="oldest first, evenly thinned in a long search")

    @classmethod
    def of(cls, session: Session, job_id: str, *, after: int = -1) -> PolicyHistory:
        """Read what is newer than update `after`; raises `NotFoundError` without the job."""
        find_or_raise_job(session, job_id)
        rows = list_policies(session, job_id, after=after)
        return cls(job_id=job_id, items=[PolicyView.of(row) for row in rows])
