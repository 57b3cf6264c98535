"""Jobs replayed on recorded learning curves: what a scheduler stops, and who wins.

The scheduler is the very object of a real job, judged by the job's own objective; a trial's epoch
is read where it would be trained. That is exact, since an epoch's result does not depend on
whether a later one is trained, with the learning rate falling over the full budget in both, and
since random search proposes the same whatever it is told.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from train_curves import curves_of, job_of

from nas.database import open_database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Metrics
from nas.ids import utc_now
from nas.metrics import counted_figures
from nas.objective import Objective
from nas.schedulers import Scheduler, Signal
from nas.search import SearchLoop
from nas.status import TrialStatus
from search_spaces.analysis import analyze

Curves = Mapping[str, Sequence[EpochReport]]
"""A report per epoch, by the architecture's hash."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trial's architecture, what is counted of it, and how its training went."""

    architecture_hash: str
    figures: Mapping[str, float]
    reports: Sequence[EpochReport]

    def values(self, objective: Objective) -> list[float]:
        """Return what the objective comes to after each epoch, to be maximised."""
        return [
            objective.values(
                {
                    **self.figures,
                    "accuracy": report.metrics.accuracy,
                    "loss": report.metrics.loss,
                }
            )[0]
            for report in self.reports
        ]

    def judged(self, objective: Objective, signal: Signal) -> list[float]:
        """Return what a scheduler compares after each epoch."""
        if signal is Signal.TRAIN_LOSS:
            return [-report.train_loss for report in self.reports]
        return self.values(objective)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to: the best trial's number, the epochs of all, and each trial's end."""

    winner: int
    epochs: int
    ends: tuple[tuple[TrialStatus, int], ...]


def load_pool(pool: str) -> dict[int, list[Candidate]]:
    """Return each seed's candidates in the order in which its job proposes them."""
    return {
        seed: _in_order_of_proposal(pool, seed, curves)
        for seed, curves in load_curves(curves_of(pool)).items()
    }


def has_train_losses(pool: Mapping[int, Sequence[Candidate]]) -> bool:
    """Say whether the curves were recorded with them."""
    return any(report.train_loss for each in pool.values() for report in each[0].reports)


def load_curves(path: Path) -> dict[int, Curves]:
    """Read the curves of each seed; those without training losses have zeros."""
    curves: dict[int, dict[str, list[EpochReport]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            metrics = Metrics(accuracy=float(row["accuracy"]), loss=float(row["loss"]))
            report = EpochReport(
                int(row["epoch"]),
                metrics,
                float(row.get("train_loss", 0)),
                float(row["train_seconds"]),
            )
            curves[int(row["seed"])][row["architecture_hash"]].append(report)
    return {seed: dict(each) for seed, each in curves.items()}


def replay(
    values: Sequence[Sequence[float]],
    scheduler: Scheduler | None,
    workers: int = 1,
    judged: Sequence[Sequence[float]] | None = None,
) -> Outcome:
    """Run a job on its trials' values; each of the trials under way does an epoch in turn.

    Args:
        values: What each trial is worth after each epoch, shape `(trials, epochs)`.
        scheduler: Fresh; None trains everything in full.
        workers: Trials at once.
        judged: What the scheduler is told, where that is not the values.
    """
    ends: dict[int, tuple[TrialStatus, int]] = {}
    waiting = iter(range(len(values)))
    done = {number: 0 for _, number in zip(range(workers), waiting, strict=False)}
    while done:
        for number in list(done):
            done[number] += 1
            epoch = done[number]
            value = (judged or values)[number][epoch - 1]
            judgement = None if scheduler is None else scheduler.judge(number, epoch, value)
            if judgement is not None and judgement.stops:
                ends[number] = (TrialStatus.PRUNED, epoch)
            elif epoch == len(values[number]):
                ends[number] = (TrialStatus.COMPLETED, epoch)
            else:
                continue
            del done[number]
            if (following := next(waiting, None)) is not None:
                done[following] = 0
    completed = [number for number, (status, _) in ends.items() if status is TrialStatus.COMPLETED]
    winner = max(sorted(completed), key=lambda number: values[number][-1])
    ordered = tuple(ends[number] for number in range(len(values)))
    return Outcome(winner, sum(epochs for _, epochs in ordered), ordered)


def _in_order_of_proposal(pool: str, seed: int, curves: Curves) -> list[Candidate]:
    """Let the job propose, and put its architectures and the curves together."""
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(f"sqlite:///{directory}/nas.db")
        with database.write() as session:
            job_id = create_job(session, job_of(pool, seed), utc_now()).id
        loop = SearchLoop(database, job_id, data_fingerprint=pool, artifact_dir=Path(directory))
        tasks = iter(loop.next_task, None)
        candidates = [
            Candidate(
                task.architecture.content_hash,
                counted_figures(analyze(task.architecture, task.input_shape, task.num_classes)),
                curves[task.architecture.content_hash],
            )
            for task in tasks
        ]
        database.close()
    return candidates
