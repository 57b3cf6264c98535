"""A job's scheduler at work on its trials: what it is told, and what of it is kept with them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from sqlalchemy.orm import Session

from nas.database.trials import MetricRow, TrialRow, list_job_metrics, list_metrics, list_trials
from nas.objective import Objective
from nas.schedulers import Judgement, Scheduler


class Pruning:
    """Judges epochs as they are recorded, and learns those that were recorded before.

    What the scheduler compares is the objective's value with the epoch's metrics in place of the
    final ones. Without a scheduler every trial goes on.
    """

    def __init__(self, scheduler: Scheduler | None, objective: Objective) -> None:
        self._scheduler = scheduler
        self._objective = objective

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

    def judge(self, trial: TrialRow) -> Judgement | None:
        """Ask about the epoch recorded last; where it is a rung, keep the judgement."""
        if self._scheduler is None:
            return None
        judgement = self._scheduler.judge(trial.number, trial.epochs_done, self.value(trial))
        if judgement is not None:
            rung = {"epoch": judgement.epoch, "value": judgement.value, "cutoff": judgement.cutoff}
            trial.rungs = [*trial.rungs, rung]
        return judgement

    def value(self, trial: TrialRow) -> float:
        """Return what a trial's objective comes to at its latest epoch."""
        return self._objective.values(trial.figures)[0]

    def _learn(self, scheduler: Scheduler, trial: TrialRow, curve: Iterable[MetricRow]) -> None:
        figures = [
            trial.figures | {"accuracy": metric.accuracy, "loss": metric.loss} for metric in curve
        ]
        scheduler.learn(trial.number, [self._objective.values(each)[0] for each in figures])
