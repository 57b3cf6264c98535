"""Whether shared weights rank networks as standalone training does, and what they cost.

    python benchmarks/weight_sharing.py --space cell
    python benchmarks/weight_sharing.py --space nasbench201

Runs a weight-sharing job on digits: supernet and sampler in turn, ranking, the top retrained from
scratch, all in this process on one core. Prints

- Spearman's and Kendall's correlation of shared-weight accuracy with the accuracy of networks
  that were trained from scratch for three epochs: 200 of the table `cells-digits`, or the 100 of
  `nb201-digits-standalone.json`, which benchmarks/standalone.py trained. The latter were trained
  twice: the mean is compared, and the two seeds' correlation is printed, which says how much of
  an order there is to be found;
- the job's seconds of one core, and those that uniform standalone search takes on average to
  find a network as good: it trains (n + 1) / (m + 1) where m of n networks are as good.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from proxies import correlation, draw
from scipy.stats import spearmanr
from standalone import OPTIONS
from train_table import EPOCHS

from nas.bench.table import BUILT_IN, load_table
from nas.database import open_database
from nas.database.jobs import create_job
from nas.database.trials import find_best_trial, list_trials
from nas.datasets import find_or_raise_dataset
from nas.ids import utc_now
from nas.job import JobSpec, parse_job_spec
from nas.search import SearchLoop
from search_spaces import Architecture, create_space
from workers.supernet.job import JobSupernet
from workers.training.evaluator import TrainingEvaluator

Accuracies = np.ndarray[Any, Any]
_STANDALONE = Path(__file__).with_name("nb201-digits-standalone.json")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--space", choices=("cell", "nasbench201"), required=True)
    parser.add_argument("--sampler", default="rl")
    parser.add_argument("--supernet-epochs", type=int, default=30)
    parser.add_argument("--steps", type=int, default=20, help="of the sampler per epoch")
    parser.add_argument("--uniform", type=float, default=0.5, help="share of mini-batches")
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    is_cell = arguments.space == "cell"
    spec = parse_job_spec(
        {
            "space": arguments.space,
            "space_options": dict(BUILT_IN["cells-digits"].options) if is_cell else OPTIONS,
            "sampler": arguments.sampler,
            "dataset": "digits",
            "trials": arguments.top,
            "epochs": EPOCHS,
            "seed": arguments.seed,
            "evaluator": "weight-sharing",
            "evaluator_options": {
                "epochs": arguments.supernet_epochs,
                "steps_per_epoch": arguments.steps,
                "candidates": arguments.candidates,
                "uniform_share": arguments.uniform,
            },
        }
    )
    networks, accuracies, of_seed = _cells() if is_cell else _standalone()
    with tempfile.TemporaryDirectory() as directory:
        _run(spec, Path(directory), networks, accuracies, of_seed)


def _run(
    spec: JobSpec,
    directory: Path,
    networks: list[Architecture],
    accuracies: Accuracies,
    of_seed: Accuracies,
) -> None:
    database = open_database(f"sqlite:///{directory / 'nas.db'}")
    data = find_or_raise_dataset("digits").load()
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
    started = time.process_time()
    supernet = JobSupernet(database, job_id, spec, data, directory)
    supernet.train(lambda: False)
    trained = time.process_time()
    loop = SearchLoop(
        database,
        job_id,
        data_fingerprint=data.fingerprint,
        artifact_dir=directory,
        appraisers=[supernet.appraiser],
    )
    evaluator = TrainingEvaluator(data)
    task = loop.next_task()
    ranked = time.process_time()
    while task is not None:
        for report in evaluator.evaluate(task):
            loop.report(task.trial_id, report)
        loop.complete(task.trial_id)
        task = loop.next_task()
    ended = time.process_time()
    with database.read() as session:
        best = find_best_trial(session, job_id)
        trials = list_trials(session, job_id)
    database.close()
    if best is None or best.accuracy is None:
        raise RuntimeError("no trial was completed")
    shared = np.array([supernet.training.on_all(each).accuracy for each in networks])
    tau, (low, high) = correlation(shared, accuracies)
    rho = spearmanr(shared, accuracies).statistic
    print(f"{spec.space}, {spec.sampler}, {supernet.training.epoch} epochs of the supernet")
    print(
        f"{len(networks)} networks: Spearman {rho:+.3f}, Kendall {tau:+.3f} [{low:+.3f}, "
        f"{high:+.3f}]; shared accuracy {shared.min():.3f} to {shared.max():.3f}, mean "
        f"{shared.mean():.3f}; standalone {accuracies.min():.3f} to {accuracies.max():.3f}"
    )
    print(
        f"top {len(trials)} retrained: best {best.accuracy:.4f}, mean "
        f"{np.mean([trial.accuracy or 0.0 for trial in trials]):.4f}; all networks' mean "
        f"{accuracies.mean():.4f}"
    )
    total = ended - started
    print(
        f"{total:.1f} s: {trained - started:.1f} supernet, {ranked - trained:.1f} ranking, "
        f"{ended - ranked:.1f} retraining"
    )
    as_good = int((of_seed >= best.accuracy).sum())
    needed = (len(accuracies) + 1) / (as_good + 1)
    each = (ended - ranked) / len(trials)
    at_least = "" if as_good else "more than "
    print(
        f"standalone search to equal quality: {at_least}{needed:.1f} networks x {each:.2f} s = "
        f"{needed * each:.1f} s ({as_good} of {len(accuracies)} are as good)"
    )


def _cells() -> tuple[list[Architecture], Accuracies, Accuracies]:
    networks, percent = draw(load_table("cells-digits"), 200, 0)
    return networks, percent / 100, percent / 100


def _standalone() -> tuple[list[Architecture], Accuracies, Accuracies]:
    """Return networks, their accuracies' mean over seeds, and those of the job's own seed."""
    space, rows = create_space("nasbench201", OPTIONS), json.loads(_STANDALONE.read_text())
    networks = [space.architecture(row["choices"]) for row in rows]
    seeds = np.array([row["accuracy"] for row in rows])
    first, second = seeds.T
    rho, tau = spearmanr(first, second).statistic, correlation(first, second)[0]
    print(f"standalone, one seed against another: Spearman {rho:+.3f}, Kendall {tau:+.3f}")
    return networks, seeds.mean(axis=1), first


if __name__ == "__main__":
    main()
