"""Train random cells on digits in full and keep every epoch, for `multi_fidelity.py` to replay.

    python benchmarks/train_curves.py steady       # writes benchmarks/curves-steady.csv.gz
    python benchmarks/train_curves.py smooth --seeds 0 1 2 --out part.csv.gz    # shared out

Each seed is a job by random search: its proposals do not depend on what is reported, so that a
scheduler meets the same ones. Fifteen to forty minutes on one core.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nas.database import open_database
from nas.database.jobs import create_job
from nas.datasets import find_or_raise_dataset
from nas.ids import utc_now
from nas.job import JobSpec, parse_job_spec
from nas.search import SearchLoop
from workers.training.evaluator import TrainingEvaluator

SEEDS = 5
COLUMNS = (
    *("seed", "architecture_hash", "epoch", "accuracy", "loss"),
    *("train_loss", "train_seconds"),
)

POOLS: Mapping[str, Mapping[str, Any]] = {
    # A learning rate under which the first epochs tell something of the last.
    "steady": {
        "trials": 20,
        "epochs": 18,
        "recipe": {"batch_size": 48, "learning_rate": 0.02},
    },
    # Nine steps an epoch at the default rate: for a third of the training it is noise.
    "hot": {
        "trials": 27,
        "epochs": 27,
        "recipe": {"batch_size": 128},
    },
    # Few and large steps, whose noise is small, and networks too small to get everything right,
    # so that the best stand out in the end.
    "smooth": {
        "space": "nasbench201",
        "space_options": {"cells": 1, "filters": 2},
        "trials": 20,
        "epochs": 36,
        "recipe": {"batch_size": 256, "ema_decay": 0.97},
    },
}


def job_of(pool: str, seed: int, **changes: Any) -> JobSpec:
    """Return the job whose candidates are trained; `changes` may name a scheduler."""
    return parse_job_spec(
        {
            "space": "cell",
            "space_options": {"blocks": 1, "repeats": 1, "filters": 4},
            "sampler": "random",
            "dataset": "digits",
            "seed": seed,
        }
        | POOLS[pool]
        | changes
    )


def curves_of(pool: str) -> Path:
    """Return the file of a pool's curves."""
    return Path(__file__).with_name(f"curves-{pool}.csv.gz")


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", choices=POOLS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(SEEDS), help="only these")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = find_or_raise_dataset("digits").load()
    evaluator = TrainingEvaluator(data)
    with gzip.open(
        options.out or curves_of(options.pool), "wt", newline="", compresslevel=9
    ) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for seed in options.seeds:
            spec = job_of(options.pool, seed)
            with tempfile.TemporaryDirectory() as directory:
                for row in _train_all(spec, evaluator, data.fingerprint, Path(directory)):
                    writer.writerow((seed, *row))
            print(f"seed {seed}: done", flush=True)


def _train_all(
    spec: JobSpec, evaluator: TrainingEvaluator, fingerprint: str, directory: Path
) -> list[tuple[object, ...]]:
    """Run the job in this process and return a row for each epoch of each candidate."""
    database = open_database(f"sqlite:///{directory / 'nas.db'}")
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
    loop = SearchLoop(database, job_id, data_fingerprint=fingerprint, artifact_dir=directory)
    rows: list[tuple[object, ...]] = []
    while (task := loop.next_task()) is not None:
        for report in evaluator.evaluate(task):
            loop.report(task.trial_id, report)
            rows.append(
                (
                    task.architecture.content_hash,
                    report.epoch,
                    report.metrics.accuracy,
                    report.metrics.loss,
                    report.train_loss,
                    f"{report.train_seconds:.4f}",
                )
            )
        loop.complete(task.trial_id)
        evaluator.release(task)
    database.close()
    return rows


if __name__ == "__main__":
    main()
