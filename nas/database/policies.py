"""What a search's policy was over time, thinned to a bounded number of moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table
from nas.policy import Policy

MOST_POLICIES = 256
"""Moments kept of one job, at most."""


class PolicyRow(Table):
    """A policy after `update` updates, when the sampler had been told `told` results."""

    __tablename__ = "policies"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    update: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told: Mapped[int]
    entropy: Mapped[float]
    baseline: Mapped[float | None]
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


def policy_stride(update: int) -> int:
    """Return how many updates lie between those that are kept, when `update` is the newest.

    A power of two, so that what is kept later was recorded earlier.
    """
    return 1 << (update // MOST_POLICIES).bit_length()


def add_policy(session: Session, job_id: str, told: int, policy: Policy) -> None:
    """Record a policy newer than the others; drop those that lie too close together by now."""
    session.add(PolicyRow(job_id=job_id, told=told, **policy.model_dump(mode="json")))
    stride = policy_stride(policy.update)
    session.execute(
        delete(PolicyRow).where(PolicyRow.job_id == job_id, PolicyRow.update % stride != 0)
    )


def last_update(session: Session, job_id: str) -> int | None:
    """Return the number of the newest recorded policy."""
    return session.scalar(select(func.max(PolicyRow.update)).where(PolicyRow.job_id == job_id))


def list_policies(session: Session, job_id: str, *, after: int = -1) -> Sequence[PolicyRow]:
    """Return the recorded policies that are newer than update `after`, the oldest first."""
    return session.scalars(
        select(PolicyRow)
        .where(PolicyRow.job_id == job_id, PolicyRow.update > after)
        .order_by(PolicyRow.update)
    ).all()
