"""Train random cells on digits in full and keep every epoch, for `multi_fidelity.py` to replay.

    python benchmarks/train_curves.py --out benchmarks/curves-digits.csv.gz

Each seed is a job by random search: its proposals do not depend on what is reported, so that a
scheduler meets the same ones. Fifteen minutes on one core.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import tempfile
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
CANDIDATES = 27
EPOCHS = 27
COLUMNS = ("seed", "architecture_hash", "epoch", "accuracy", "loss", "train_seconds")


def job_of(seed: int, **changes: Any) -> JobSpec:
    """Return the job whose candidates are trained; `changes` may name a scheduler."""
    return parse_job_spec(
        {
            "space": "cell",
            "space_options": {"blocks": 1, "repeats": 1, "filters": 4},
            "sampler": "random",
            "dataset": "digits",
            "trials": CANDIDATES,
            "epochs": EPOCHS,
            "recipe": {"batch_size": 128},
            "seed": seed,
        }
        | changes
    )


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = find_or_raise_dataset("digits").load()
    evaluator = TrainingEvaluator(data)
    with gzip.open(options.out, "wt", newline="", compresslevel=9) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as directory:
                for row in _train_all(job_of(seed), evaluator, data.fingerprint, Path(directory)):
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
                    f"{report.train_seconds:.4f}",
                )
            )
        loop.complete(task.trial_id)
        evaluator.release(task)
    database.close()
    return rows


if __name__ == "__main__":
    main()
