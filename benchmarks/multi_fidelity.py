"""Schedulers against training in full: is the winner the same, and what share of epochs it takes.

    python benchmarks/multi_fidelity.py                 # replays curves-steady.csv.gz
    python benchmarks/multi_fidelity.py --pool hot      # and curves-hot.csv.gz
    python benchmarks/multi_fidelity.py --ray 0         # and trains seed 0 anew under ASHA

The curves are those that `train_curves.py` trained in full. The search loop, its database and the
very scheduler objects of a real job run on them: a trial's epoch is read where it would be trained.
That is exact, since an epoch's result does not depend on whether a later one is trained, with the
learning rate falling over the full budget in both. `--ray` shows it: the same job is trained
through Ray Tune and must decide the same.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import comb
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import kendalltau
from train_curves import POOLS, curves_of, job_of

from nas.database import Database, open_database
from nas.database.jobs import create_job
from nas.database.trials import TrialRow, find_best_trial, list_trials
from nas.evaluation import EpochReport, Metrics, TrialTask
from nas.ids import utc_now
from nas.job import JobSpec
from nas.metrics import METRICS
from nas.search import SearchLoop

SCHEDULERS: Mapping[str, dict[str, Any] | None] = {
    "none": None,
    "asha": {"name": "asha"},
    "asha min_epochs=2": {"name": "asha", "min_epochs": 2},
    "asha min_epochs=3": {"name": "asha", "min_epochs": 3},
    "hyperband": {"name": "hyperband"},
    "hyperband min_epochs=2": {"name": "hyperband", "min_epochs": 2},
    "median min_epochs=2": {"name": "median", "min_epochs": 2},
    "extrapolation": {"name": "extrapolation"},
    "asha min_epochs=2 reduction_factor=2": {
        "name": "asha",
        "min_epochs": 2,
        "reduction_factor": 2,
    },
    "extrapolation p=0.2": {"name": "extrapolation", "probability": 0.2},
}

Curves = Mapping[str, list[EpochReport]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to."""

    winner: str
    accuracy: float
    epochs: int
    decisions: tuple[tuple[str, str, int], ...]
    accuracies: tuple[float, ...]


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pool", choices=POOLS, default="steady")
    parser.add_argument("--workers", type=int, default=1, help="trials at once in the replay")
    parser.add_argument("--ray", type=int, metavar="SEED", help="also train this seed through Ray")
    options = parser.parse_args()
    curves = load_curves(curves_of(options.pool))
    whole = {
        seed: replay(job_of(options.pool, seed), curves[seed], options.workers) for seed in curves
    }
    print(f"{len(curves)} seeds, {options.workers} at once; winner in full: ", end="")
    print(", ".join(f"{outcome.accuracy:.2%}" for outcome in whole.values()))
    _print_foresight(curves)
    print(
        "for comparison, a third of the candidates trained in full, drawn at random: "
        f"regret {fmean(_regret_of_fewer(outcome) for outcome in whole.values()):.4f} on average"
    )
    print(f"{'scheduler':<36} {'same winner':>11} {'or a tie':>9} {'regret':>8} {'epochs':>7}")
    for name, request in SCHEDULERS.items():
        outcomes = {
            seed: replay(
                job_of(options.pool, seed, scheduler=request), curves[seed], options.workers
            )
            for seed in curves
        }
        same = [outcomes[seed].winner == whole[seed].winner for seed in curves]
        regrets = [whole[seed].accuracy - outcomes[seed].accuracy for seed in curves]
        shares = [outcomes[seed].epochs / whole[seed].epochs for seed in curves]
        print(
            f"{name:<36} {sum(same):>6} of {len(same)} {sum(r <= 0 for r in regrets):>4} of "
            f"{len(same)} {fmean(regrets):>8.4f} {fmean(shares):>7.1%}   regret per seed: "
            + " ".join(f"{regret:.4f}" for regret in regrets)
        )
    if options.ray is not None:
        _compare_with_ray(options.pool, options.ray, curves[options.ray])


def _print_foresight(curves: Mapping[int, Curves]) -> None:
    """Say what early epochs tell: no scheduler can keep a winner that does not stand out yet.

    A winner is any candidate of the highest accuracy in the end; its place after part of the
    epochs is that of the foremost of them.
    """
    for share, metric in product((9, 6, 3), ("accuracy", "loss")):
        taus, ranks = [], []
        for each in curves.values():
            final = np.array([curve[-1].metrics.accuracy for curve in each.values()])
            early = np.array(
                [_so_far(curve[len(curve) // share - 1], metric) for curve in each.values()]
            )
            taus.append(kendalltau(early, final).statistic)
            winners = np.flatnonzero(final == final.max())
            ranks.append(1 + min(int((early > early[winner]).sum()) for winner in winners))
        print(
            f"after 1/{share} of the epochs, by {metric}: Kendall's tau with the accuracy in the "
            f"end {fmean(taus):.2f}, the winner is number {', '.join(map(str, ranks))} "
            f"of {len(final)}"
        )


def _so_far(report: EpochReport, metric: str) -> float:
    return METRICS[metric].maximized(getattr(report.metrics, metric))


def _regret_of_fewer(whole: Outcome) -> float:
    """Return the expected regret of the same epochs spent on a third of the candidates.

    The best of a draw of `k` is the `i`-th best of all `n` with probability
    `C(n - i, k - 1) / C(n, k)`.
    """
    finals = sorted(whole.accuracies, reverse=True)
    n, k = len(finals), round(len(finals) / 3)
    expected = sum(
        final * comb(n - rank, k - 1) / comb(n, k) for rank, final in enumerate(finals, 1)
    )
    return whole.accuracy - expected


def load_curves(path: Path) -> dict[int, dict[str, list[EpochReport]]]:
    """Read the curves: by seed and architecture hash, a report per epoch."""
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
    return curves


def replay(spec: JobSpec, curves: Curves, workers: int) -> Outcome:
    """Run a job on recorded curves; each of the trials under way does an epoch in turn."""
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(f"sqlite:///{directory}/nas.db")
        job_id, loop = _start(database, spec, Path(directory))
        under_way: list[TrialTask | None] = [loop.next_task() for _ in range(workers)]
        done = dict.fromkeys((task.trial_id for task in under_way if task), 0)
        while any(under_way):
            for place, task in enumerate(under_way):
                if task is None:
                    continue
                epoch = done[task.trial_id]
                goes_on = loop.report(task.trial_id, curves[task.architecture.content_hash][epoch])
                done[task.trial_id] += 1
                if goes_on and epoch + 1 < task.epochs:
                    continue
                if goes_on:
                    loop.complete(task.trial_id)
                under_way[place] = following = loop.next_task()
                if following is not None:
                    done[following.trial_id] = 0
        return _outcome(database, job_id)


def _start(database: Database, spec: JobSpec, directory: Path) -> tuple[str, SearchLoop]:
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
    loop = SearchLoop(database, job_id, data_fingerprint="digits", artifact_dir=directory)
    return job_id, loop


def _outcome(database: Database, job_id: str) -> Outcome:
    with database.read() as session:
        trials = list_trials(session, job_id)
        best = find_best_trial(session, job_id)
    database.close()
    if best is None or best.accuracy is None:
        raise RuntimeError("no trial was completed")
    return Outcome(
        best.architecture_hash,
        best.accuracy,
        sum(trial.epochs_done for trial in trials),
        tuple(_decision(trial) for trial in trials),
        tuple(trial.accuracy for trial in trials if trial.accuracy is not None),
    )


def _decision(trial: TrialRow) -> tuple[str, str, int]:
    return trial.architecture_hash, trial.status.value, trial.epochs_done


def _compare_with_ray(pool: str, seed: int, curves: Curves) -> None:
    """Train a seed's job under ASHA through Ray Tune and compare with the replay."""
    from nas.datasets import find_or_raise_dataset
    from workers.cluster import ensure_ray
    from workers.training.evaluator import TrainingEvaluator
    from workers.tuning import run_trials

    request = SCHEDULERS["asha min_epochs=2"]
    spec = job_of(pool, seed, scheduler=request, resources={"max_concurrent_trials": 1})
    expected = replay(spec, curves, workers=1)
    ensure_ray(None)
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(f"sqlite:///{directory}/nas.db")
        job_id, loop = _start(database, spec, Path(directory))
        evaluator = TrainingEvaluator(find_or_raise_dataset("digits").load())
        run_trials(loop, evaluator, spec.resources, lambda: False)
        trained = _outcome(database, job_id)
    equal = sum(a == b for a, b in zip(expected.decisions, trained.decisions, strict=True))
    print(
        f"through Ray, seed {seed}: {equal} of {len(expected.decisions)} trials end as replayed, "
        f"{trained.epochs} epochs (replay {expected.epochs}), winner {trained.accuracy:.4f} "
        f"(replay {expected.accuracy:.4f})"
    )


if __name__ == "__main__":
    main()
