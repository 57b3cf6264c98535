"""Trials and their metrics per epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ColumnExpressionArgument,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table, UtcDateTime, status_column
from nas.errors import ConflictError, NotFoundError
from nas.evaluation import EpochReport
from nas.ids import new_id
from nas.objective_request import MOST_OBJECTIVES
from nas.shortage import MemoryShortage
from nas.status import TRIAL_TRANSITIONS, TrialStatus


class TrialRow(Table):
    """One evaluation of one architecture at a budget of epochs."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("job_id", "number"),
        UniqueConstraint("job_id", "architecture_hash", "evaluation_key"),
        Index("ix_trials_evaluation", "architecture_hash", "evaluation_key"),
        Index("ix_trials_training", "architecture_hash", "training_key"),
        Index("ix_trials_revision", "job_id", "revision"),
        Index("ix_trials_status", "job_id", "status", "is_feasible", "reward"),
        Index("ix_trials_reward", "job_id", "reward"),
        Index("ix_trials_accuracy", "job_id", "accuracy"),
        Index("ix_trials_loss", "job_id", "loss"),
        Index("ix_trials_params", "job_id", "params"),
        Index("ix_trials_macs", "job_id", "macs"),
        Index("ix_trials_cached_from", "cached_from"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    status: Mapped[TrialStatus] = mapped_column(status_column(TrialStatus))
    architecture_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    architecture_hash: Mapped[str] = mapped_column(String(64))
    evaluation_key: Mapped[str] = mapped_column(String(64))
    training_key: Mapped[str | None] = mapped_column(String(64))
    recipe_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    seed: Mapped[int]
    environment_json: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    batch_size: Mapped[int | None]
    memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    budget: Mapped[int]
    epochs_done: Mapped[int] = mapped_column(default=0)
    params: Mapped[int] = mapped_column(BigInteger)
    macs: Mapped[int] = mapped_column(BigInteger)
    accuracy: Mapped[float | None]
    loss: Mapped[float | None]
    train_seconds: Mapped[float | None]
    reward: Mapped[float | None]
    figures_json: Mapped[dict[str, float] | None] = mapped_column(JSON)
    conditions_json: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    objective_values: Mapped[list[float] | None] = mapped_column(JSON)
    hypervolume: Mapped[float | None]
    is_feasible: Mapped[bool] = mapped_column(default=True, server_default=true())
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    cached_from: Mapped[str | None] = mapped_column(String(36))
    resumed_from: Mapped[str | None] = mapped_column(String(36))
    rungs: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    revision: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def shortage(self) -> MemoryShortage | None:
        """How memory did not hold the recipe's batches; such a trial answers no other."""
        if self.batch_size is None or self.memory_bytes is None:
            return None
        return MemoryShortage(self.batch_size, self.memory_bytes)

    def note_shortage(self, shortage: MemoryShortage | None) -> None:
        """Take note of a shortage, or that there is none."""
        self.batch_size = None if shortage is None else shortage.batch_size
        self.memory_bytes = None if shortage is None else shortage.memory_bytes

    @property
    def figures(self) -> dict[str, float]:
        """Everything known of the candidate that an objective or a constraint may name."""
        known = {"params": float(self.params), "macs": float(self.macs)}
        known |= self.figures_json or {}
        measured = {"accuracy": self.accuracy, "loss": self.loss}
        return known | {name: value for name, value in measured.items() if value is not None}


class MetricRow(Table):
    """What a trial reported after one epoch; the key makes a repeated report harmless."""

    __tablename__ = "metrics"

    trial_id: Mapped[str] = mapped_column(
        ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True)
    accuracy: Mapped[float]
    loss: Mapped[float]
    train_loss: Mapped[float]
    train_seconds: Mapped[float]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


def find_or_raise_trial(session: Session, trial_id: str) -> TrialRow:
    """Return the trial; raises `NotFoundError`."""
    trial = session.get(TrialRow, trial_id)
    if trial is None:
        raise NotFoundError(f"no trial {trial_id!r}")
    return trial


def list_trials(
    session: Session,
    job_id: str,
    *,
    status: TrialStatus | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Sequence[TrialRow]:
    """Return a job's trials by number; `after` is the last number of the page before."""
    query = select(TrialRow).where(TrialRow.job_id == job_id).order_by(TrialRow.number)
    if status is not None:
        query = query.where(TrialRow.status == status)
    if after is not None:
        query = query.where(TrialRow.number > after)
    return session.scalars(query.limit(limit)).all()


def list_changed_trials(
    session: Session, job_id: str, revisions: range, *, limit: int
) -> Sequence[TrialRow]:
    """Return a job's trials whose latest change is one of these, in the order of the changes."""
    return session.scalars(
        select(TrialRow)
        .where(
            TrialRow.job_id == job_id,
            TrialRow.revision.between(revisions.start, revisions.stop - 1),
        )
        .order_by(TrialRow.revision)
        .limit(limit)
    ).all()


def count_trials(session: Session, job_id: str) -> dict[TrialStatus, int]:
    """Return how many of the job's trials have each status."""
    return count_trials_of_jobs(session, [job_id]).get(job_id, {})


def count_trials_of_jobs(
    session: Session, job_ids: Sequence[str]
) -> dict[str, dict[TrialStatus, int]]:
    """Return how many trials of each job have each status, in one statement."""
    query = (
        select(TrialRow.job_id, TrialRow.status, func.count())
        .where(TrialRow.job_id.in_(job_ids))
        .group_by(TrialRow.job_id, TrialRow.status)
    )
    counts: dict[str, dict[TrialStatus, int]] = {}
    for job_id, status, count in session.execute(query):
        counts.setdefault(job_id, {})[status] = count
    return counts


def count_all_trials(session: Session) -> dict[TrialStatus, int]:
    """Return how many trials of all jobs have each status, also where there is none."""
    found = session.execute(select(TrialRow.status, func.count()).group_by(TrialRow.status))
    return dict.fromkeys(TrialStatus, 0) | {row[0]: row[1] for row in found}


def find_best_trial(session: Session, job_id: str) -> TrialRow | None:
    """Return the completed feasible trial with the highest reward.

    Of several objectives the reward is the first; the others decide in their order between
    equals, so that the trial is on the front. Of trials that are equal in all, as accuracies
    counted on few images often are, it is that of the lowest validation loss, then the earliest.
    """
    return session.scalar(
        select(TrialRow).where(*_may_be_best([job_id])).order_by(*_best_first()).limit(1)
    )


def find_best_trials(session: Session, job_ids: Sequence[str]) -> dict[str, TrialRow]:
    """Return the best trial of each job that has one, as `find_best_trial` finds it."""
    rank = func.row_number().over(partition_by=TrialRow.job_id, order_by=_best_first())
    ranked = select(TrialRow.id, rank.label("rank")).where(*_may_be_best(job_ids)).subquery()
    best = select(TrialRow).join(ranked, ranked.c.id == TrialRow.id).where(ranked.c.rank == 1)
    return {row.job_id: row for row in session.scalars(best)}


def _may_be_best(job_ids: Sequence[str]) -> Sequence[ColumnExpressionArgument[bool]]:
    return (
        TrialRow.job_id.in_(job_ids),
        TrialRow.status == TrialStatus.COMPLETED,
        TrialRow.is_feasible,
        TrialRow.reward.is_not(None),
    )


def _best_first() -> Sequence[ColumnElement[Any]]:
    """Return the order of completed trials, the best first; `precedence` is the same in Python."""
    further = (
        TrialRow.objective_values[place].as_float().desc() for place in range(1, MOST_OBJECTIVES)
    )
    return (
        TrialRow.reward.desc(),
        *further,
        TrialRow.loss.asc().nulls_last(),
        TrialRow.number.asc(),
    )


def precedence(values: Sequence[float] | None, loss: float | None) -> tuple[list[float], float]:
    """Return what decides between completed trials of equal reward; the largest is the best."""
    return list(values or ()), -math.inf if loss is None else -loss


def find_evaluation(
    session: Session, architecture_hash: str, evaluation_key: str
) -> TrialRow | None:
    """Return a completed trial of any job that answers the same evaluation."""
    return session.scalar(
        select(TrialRow)
        .where(
            TrialRow.architecture_hash == architecture_hash,
            TrialRow.evaluation_key == evaluation_key,
            TrialRow.status == TrialStatus.COMPLETED,
            TrialRow.batch_size.is_(None),
        )
        .order_by(TrialRow.id)
        .limit(1)
    )


def list_answered_trials(session: Session, trial_id: str) -> Sequence[TrialRow]:
    """Return the trials of other jobs that were answered by this one's evaluation, oldest first."""
    return session.scalars(
        select(TrialRow).where(TrialRow.cached_from == trial_id).order_by(TrialRow.id)
    ).all()


def list_resumable(session: Session, trial: TrialRow) -> Sequence[TrialRow]:
    """Return ended trials of any job that trained like `trial` as far as they went, longest first.

    They have fewer epochs than it is to have, and may or may not have left a checkpoint.
    """
    return session.scalars(
        select(TrialRow)
        .where(
            TrialRow.architecture_hash == trial.architecture_hash,
            TrialRow.training_key == trial.training_key,
            TrialRow.status.in_((TrialStatus.COMPLETED, TrialStatus.PRUNED)),
            TrialRow.cached_from.is_(None),
            TrialRow.batch_size.is_(None),
            TrialRow.epochs_done.between(1, trial.budget - 1),
        )
        .order_by(TrialRow.epochs_done.desc(), TrialRow.id)
    ).all()


def list_shortages(session: Session, job_id: str) -> Sequence[TrialRow]:
    """Return a job's trials that ran out of memory."""
    return session.scalars(
        select(TrialRow).where(TrialRow.job_id == job_id, TrialRow.memory_bytes.is_not(None))
    ).all()


def list_metrics(session: Session, trial_id: str) -> Sequence[MetricRow]:
    """Return a trial's metrics by epoch."""
    return session.scalars(
        select(MetricRow).where(MetricRow.trial_id == trial_id).order_by(MetricRow.epoch)
    ).all()


def list_job_metrics(session: Session, job_id: str) -> Sequence[MetricRow]:
    """Return the metrics of all of a job's trials, trial by trial and by epoch."""
    return session.scalars(
        select(MetricRow)
        .join(TrialRow, TrialRow.id == MetricRow.trial_id)
        .where(TrialRow.job_id == job_id)
        .order_by(TrialRow.number, MetricRow.epoch)
    ).all()


def set_trial_status(trial: TrialRow, status: TrialStatus) -> None:
    """Change the status; raises `ConflictError` where the table of transitions forbids it."""
    if status not in TRIAL_TRANSITIONS[trial.status]:
        raise ConflictError(f"trial {trial.id} is {trial.status} and cannot become {status}")
    trial.status = status


def record_epoch(session: Session, trial: TrialRow, report: EpochReport, now: datetime) -> bool:
    """Store a report; returns False, and stores nothing, if its epoch is already there."""
    if report.epoch <= trial.epochs_done:
        return False
    session.add(
        MetricRow(
            trial_id=trial.id,
            epoch=report.epoch,
            accuracy=report.metrics.accuracy,
            loss=report.metrics.loss,
            train_loss=report.train_loss,
            train_seconds=report.train_seconds,
            recorded_at=now,
        )
    )
    if report.shortage is not None:
        trial.note_shortage(report.shortage)
    trial.epochs_done = report.epoch
    trial.accuracy, trial.loss = report.metrics.accuracy, report.metrics.loss
    trial.train_seconds = (trial.train_seconds or 0.0) + report.train_seconds
    return True


def copy_evaluation(session: Session, trial: TrialRow, source: TrialRow, now: datetime) -> None:
    """Answer `trial` with the metrics of an equal evaluation."""
    for metric in list_metrics(session, source.id):
        session.add(
            MetricRow(
                trial_id=trial.id,
                epoch=metric.epoch,
                accuracy=metric.accuracy,
                loss=metric.loss,
                train_loss=metric.train_loss,
                train_seconds=metric.train_seconds,
                recorded_at=now,
            )
        )
    trial.epochs_done = source.epochs_done
    trial.accuracy, trial.loss = source.accuracy, source.loss
    trial.train_seconds = source.train_seconds
    trial.environment_json = source.environment_json
    trial.cached_from = source.cached_from or source.id
