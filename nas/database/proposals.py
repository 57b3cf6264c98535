"""Everything a sampler proposed and was told, in order: what a sampler is rebuilt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table
from nas.errors import NotFoundError


class ProposalRow(Table):
    """One `ask`: the answers, the trial that evaluates them, and when the reward was told.

    Several proposals may lead to one trial (they describe the same network) or to none (they
    break a constraint); that the trial is deleted later changes nothing here. `told` counts the
    sampler's `tell` calls from 0; `reward` is what it was told, of several objectives the first.
    `score` is what it was held for in a screening; with a score, told and without a trial, it was
    passed over.
    """

    __tablename__ = "proposals"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    info: Mapped[dict[str, Any]] = mapped_column(JSON)
    trial_id: Mapped[str | None] = mapped_column(String(36))
    told: Mapped[int | None]
    reward: Mapped[float | None]
    values_json: Mapped[list[float] | None] = mapped_column(JSON)
    score: Mapped[float | None]

    @property
    def is_held(self) -> bool:
        """Whether it was scored and its round is not over."""
        return self.score is not None and self.told is None and self.trial_id is None

    @property
    def is_passed_over(self) -> bool:
        """Whether it was scored and another one of its round was better."""
        return self.score is not None and self.told is not None and self.trial_id is None

    @property
    def values(self) -> tuple[float, ...] | None:
        """What the sampler was told of each objective, None where there was nothing to tell."""
        if self.values_json is not None:
            return tuple(self.values_json)
        return None if self.reward is None else (self.reward,)

    def tell(self, order: int, values: tuple[float, ...] | None) -> None:
        """Note that the sampler is told `values` as the `order`-th of its results."""
        self.told = order
        if values is not None:
            self.reward = values[0]
            self.values_json = list(values) if len(values) > 1 else None


def list_proposals(session: Session, job_id: str) -> Sequence[ProposalRow]:
    """Return all proposals of a job by number."""
    return session.scalars(
        select(ProposalRow).where(ProposalRow.job_id == job_id).order_by(ProposalRow.number)
    ).all()


def store_tell(
    session: Session, job_id: str, number: int, order: int, values: tuple[float, ...] | None
) -> None:
    """Note that the sampler is told `values` of a proposal, without reading its row first.

    Raises:
        NotFoundError: The proposal is not on record.
    """
    told: dict[str, Any] = {"told": order}
    if values is not None:
        told["reward"] = values[0]
        if len(values) > 1:
            told["values_json"] = list(values)
    row = (ProposalRow.job_id == job_id, ProposalRow.number == number)
    changed = session.connection().execute(update(ProposalRow).where(*row).values(told))
    if changed.rowcount != 1:
        raise NotFoundError(f"no proposal {number} of job {job_id!r}")


def next_told(session: Session, job_id: str) -> int:
    """Return the number of the next `tell`."""
    last = session.scalar(select(func.max(ProposalRow.told)).where(ProposalRow.job_id == job_id))
    return 0 if last is None else last + 1
