"""Where a network comes from, and what it took to find it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from nas.database.jobs import JobRow
from nas.database.trials import TrialRow
from nas.objective_request import objective_of
from nas.status import TrialStatus


class SearchCost(BaseModel):
    """What the search spent before the winner's retraining."""

    model_config = ConfigDict(frozen=True)

    trials: int = Field(description="architectures proposed")
    trained: int = Field(description="of them, trained to their last epoch by this job")
    epochs: int = Field(description="epochs trained, of all trials together")
    train_seconds: float = Field(description="seconds of training, of all trials together")
    elapsed_seconds: float | None = Field(
        description="from the job's start to its end, the retraining included; null: not ended"
    )


class Lineage(BaseModel):
    """The job and the trial that an exported network was."""

    model_config = ConfigDict(frozen=True)

    job_id: str
    job_name: str
    created_at: datetime
    space: str
    space_options: dict[str, Any]
    sampler: str
    evaluator: str
    objective: str
    constraints: tuple[str, ...]
    start_from: tuple[str, ...] = Field(description="case studies that the search began with")
    seed: int = Field(description="of the proposals")
    trial_id: str
    trial_number: int = Field(description="order of creation within the job, from 0")
    answered_by: str | None = Field(description="trial whose equal evaluation answered this one")
    continued: str | None = Field(description="shorter trial whose checkpoint it began with")
    cost: SearchCost

    @classmethod
    def of(cls, session: Session, job: JobRow, trial: TrialRow) -> Lineage:
        """Read a job and one of its trials."""
        spec = job.stored_spec
        return cls(
            job_id=job.id,
            job_name=job.name,
            created_at=job.created_at,
            space=spec.space,
            space_options=spec.space_options,
            sampler=spec.sampler,
            evaluator=spec.evaluator,
            objective=str(objective_of(spec.objective)),
            constraints=spec.constraints,
            start_from=spec.start_from,
            seed=spec.seed,
            trial_id=trial.id,
            trial_number=trial.number,
            answered_by=trial.cached_from,
            continued=trial.resumed_from,
            cost=_cost(session, job),
        )


def _cost(session: Session, job: JobRow) -> SearchCost:
    """Sum up the trials that the job trained itself: what others had trained cost it nothing."""
    own = TrialRow.cached_from.is_(None)
    trials, trained, epochs, seconds = session.execute(
        select(
            func.count(),
            func.sum(case((own & (TrialRow.status == TrialStatus.COMPLETED), 1), else_=0)),
            func.sum(case((own, TrialRow.epochs_done), else_=0)),
            func.sum(case((own, TrialRow.train_seconds), else_=0.0)),
        ).where(TrialRow.job_id == job.id)
    ).one()
    elapsed = (
        None
        if job.started_at is None or job.finished_at is None
        else (job.finished_at - job.started_at).total_seconds()
    )
    return SearchCost(
        trials=trials,
        trained=trained or 0,
        epochs=epochs or 0,
        train_seconds=seconds or 0.0,
        elapsed_seconds=elapsed,
    )
