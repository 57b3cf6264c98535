"""A job's scheduler at work on its trials: what it is told, and what of it is kept with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Self

from sqlalchemy.orm import Session

from nas.database.trials import MetricRow, TrialRow, list_job_metrics, list_metrics, list_trials
from nas.job import JobSpec
from nas.objective import Objective
from nas.schedulers import Judgement, Scheduler, Signal


class Pruning:
    """Judges epochs as they are recorded, and learns those that were recorded before.

    What the scheduler compares is the objective's value with the epoch's metrics in place of the
    final ones, or the negated training loss. Without a scheduler every trial goes on.
    """

    def __init__(
        self,
        scheduler: Scheduler | None,
        objective: Objective,
        signal: Signal = Signal.OBJECTIVE,
    ) -> None:
        self._scheduler = scheduler
        self._objective = objective
        self._signal = signal

    @classmethod
    def of_job(cls, spec: JobSpec) -> Self:
        """Judge as a job asks."""
        if spec.scheduler is None:
            return cls(None, spec.parsed_objective)
        return cls(spec.new_scheduler(), spec.parsed_objective, spec.scheduler.signal)

    def restore(self, session: Session, job_id: str) -> None:
        """Learn all that is recorded of a job's trials, by number."""
        if self._scheduler is None:
            return
        trials = {trial.id: trial for trial in list_trials(session, job_id)}
        metrics = list_job_metrics(session, job_id)
        for trial_id, curve in groupby(metrics, lambda metric: metric.trial_id):
            self._learn(self._scheduler, trials[trial_id], curve)

    def learn(self, session: Session, trial: TrialRow) -> None:
        """Learn the recorded epochs of a trial that was answered by an earlier evaluation."""
        if self._scheduler is not None:
            self._learn(self._scheduler, trial, list_metrics(session, trial.id))

    def judge(self, trial: TrialRow, train_loss: float) -> Judgement | None:
        """Ask about the epoch recorded last; where it is a rung, keep the judgement.

        The training loss is that epoch's, in nats.
        """
        if self._scheduler is None:
            return None
        compared = self._compared(trial.figures, train_loss)
        judgement = self._scheduler.judge(trial.number, trial.epochs_done, compared)
        if judgement is not None:
            rung = {"epoch": judgement.epoch, "value": judgement.value, "cutoff": judgement.cutoff}
            trial.rungs = [*trial.rungs, rung]
        return judgement

    def value(self, trial: TrialRow) -> float:
        """Return what a trial's objective comes to at its latest epoch."""
        return self._objective.values(trial.figures)[0]

    def _learn(self, scheduler: Scheduler, trial: TrialRow, curve: Iterable[MetricRow]) -> None:
        values = [
            self._compared(
                trial.figures | {"accuracy": metric.accuracy, "loss": metric.loss},
                metric.train_loss,
            )
            for metric in curve
        ]
        scheduler.learn(trial.number, values)

    def _compared(self, figures: Mapping[str, float], train_loss: float) -> float:
        """Return what the scheduler compares, to be maximised."""
        if self._signal is Signal.TRAIN_LOSS:
            return -train_loss
        return self._objective.values(figures)[0]
