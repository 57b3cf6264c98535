"""Jobs that are run again: the same proposals, and where it is trained the same accuracies."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from nas.database import Database
from nas.database.trials import list_metrics, list_trials
from nas.evaluation import Evaluator
from nas.job import parse_job_spec
from nas.job_file import write_job_file
from nas.representations import TrialView
from nas.search import SearchLoop
from tests.nas.factories import add_job, finish, new_database, new_spec
from tests.nas.test_search import proposals_of
from tests.workers.training.factories import digits
from workers.training.evaluator import TrainingEvaluator


def open_in(directory: Path) -> Database:
    directory.mkdir()
    return new_database(directory)


def new_loop(database: Database, job_id: str, directory: Path) -> SearchLoop:
    return SearchLoop(database, job_id, data_fingerprint="few", artifact_dir=directory)


def results_of(database: Database, job_id: str) -> list[tuple[object, ...]]:
    """Everything measured, to the last digit, but not the seconds."""
    with database.read() as session:
        return [
            (trial.number, trial.architecture_hash, metric.epoch, metric.accuracy, metric.loss)
            for trial in list_trials(session, job_id)
            for metric in list_metrics(session, trial.id)
        ]


def train(loop: SearchLoop, evaluator: Evaluator) -> None:
    while (task := loop.next_task()) is not None:
        for report in evaluator.evaluate(task):
            loop.report(task.trial_id, report, evaluator.environment())
        loop.complete(task.trial_id)
        evaluator.release(task)


def test_job_file_gives_the_same_proposals_and_accuracies_to_the_last_digit(tmp_path):
    evaluator = TrainingEvaluator(digits(train=120, validation=60))
    spec, records = new_spec(trials=3, epochs=2, sampler="tpe", seed=11), []
    for name in ("first", "again"):
        database = open_in(tmp_path / name)
        job_id = add_job(database, spec)
        train(new_loop(database, job_id, tmp_path / name), evaluator)
        records.append((proposals_of(database, job_id), results_of(database, job_id)))
        with database.read() as session:
            views = [TrialView.of(trial) for trial in list_trials(session, job_id)]
        database.close()
        spec = parse_job_spec(yaml.safe_load(write_job_file(spec)))
    assert records[0] == records[1]
    assert len(records[0][1]) == 6
    for view in views:
        assert (view.seed, view.recipe, view.environment.device) == (
            11,
            spec.recipe.resolved(),
            "cpu",
        )
        assert view.environment.packages["torch"]


def drive(loop: SearchLoop, order: random.Random) -> None:
    """Keep four trials out and let them end in an order drawn beforehand."""
    out = [loop.next_task() for _ in range(4)]
    while out:
        finish(loop, out.pop(order.randrange(len(out))))
        following = loop.next_task()
        if following is not None:
            out.append(following)


@pytest.mark.parametrize("sampler", ["rl", "tpe", "evolution"])
def test_same_completion_order_gives_the_same_results(tmp_path, sampler):
    """Four trials at once: what is proposed depends on what has ended, and on nothing else."""
    records = []
    for number, order in enumerate((1, 1, 2)):
        database = open_in(tmp_path / str(number))
        job_id = add_job(database, sampler=sampler, trials=14, sampler_options=FEW[sampler])
        drive(new_loop(database, job_id, tmp_path), random.Random(order))
        records.append((proposals_of(database, job_id), results_of(database, job_id)))
        database.close()
    assert records[0] == records[1]
    assert records[0] != records[2]


FEW = {"rl": {"batch_size": 2}, "tpe": {"startup_trials": 4}, "evolution": {"population": 4}}
"""Options under which a sampler learns from a few trials."""
