"""Longer trainings of a candidate that was trained before, across jobs, through the search loop."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nas.artifacts import ArtifactStore
from nas.database import Database
from nas.database.artifacts import (
    CHECKPOINT_KIND,
    WEIGHTS_KIND,
    ArtifactRow,
    find_artifact,
    list_artifacts,
)
from nas.database.trials import TrialRow, list_metrics, list_trials
from nas.errors import InvalidInputError
from nas.evaluation import Evaluator, TrialTask, evaluation_key, training_key
from nas.layout import CHECKPOINT_NAME, WEIGHTS_NAME
from nas.recipe import Recipe
from nas.search import SearchLoop
from nas.status import TrialStatus
from tests.nas.factories import add_job, new_database, new_spec
from tests.workers.training.factories import digits
from workers.training.evaluator import TrainingEvaluator


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return TrainingEvaluator(digits(train=120, validation=60))


def train(
    database: Database, directory: Path, evaluator: Evaluator, kept: int = 20, **job: object
) -> tuple[str, list[TrialTask]]:
    """Run a job as the runner does, one trial at a time; return its id and tasks."""
    job_id = add_job(database, **{"trials": 1, "recipe": {"schedule_epochs": 4}} | job)
    loop = SearchLoop(
        database,
        job_id,
        data_fingerprint="few",
        artifact_dir=directory,
        artifacts=store_in(directory),
        checkpoints_kept=kept,
    )
    tasks = []
    while (task := loop.next_task()) is not None:
        tasks.append(task)
        if all(loop.report(task.trial_id, each) for each in evaluator.evaluate(task)):
            loop.complete(task.trial_id)
        loop.keep_files(task.trial_id)
        evaluator.release(task)
    return job_id, tasks


def store_in(directory: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{directory / 'objects'}")


def trials_of(database: Database, job_id: str) -> list[TrialRow]:
    with database.read() as session:
        return list(list_trials(session, job_id))


def curve_of(database: Database, trial: TrialRow) -> list[tuple[float, ...]]:
    with database.read() as session:
        rows = list_metrics(session, trial.id)
    return [(row.epoch, row.accuracy, row.loss, row.train_loss) for row in rows]


def weights_of(database: Database, directory: Path, trial: TrialRow) -> dict[str, torch.Tensor]:
    with database.read() as session:
        artifact = find_artifact(session, trial.job_id, WEIGHTS_KIND, trial.id)
    found: dict[str, torch.Tensor] = load_file(store_in(directory).local_path(artifact.sha256))
    return found


def test_longer_training_goes_on_from_a_shorter_one_to_the_last_digit(tmp_path, evaluator):
    database = new_database(tmp_path)
    short, _ = train(database, tmp_path, evaluator, epochs=2)
    longer, (task,) = train(database, tmp_path, evaluator, epochs=4)
    alone = tmp_path / "alone"
    alone.mkdir()
    other = new_database(alone)
    whole, (fresh,) = train(other, alone, evaluator, epochs=4)
    (first,), (resumed,), (expected,) = (
        trials_of(database, short),
        trials_of(database, longer),
        trials_of(other, whole),
    )
    assert (resumed.resumed_from, expected.resumed_from) == (first.id, None)
    assert (task.resume_from is not None, fresh.resume_from) == (True, None)
    assert curve_of(database, resumed) == curve_of(other, expected)
    assert len(curve_of(database, resumed)) == 4
    weights = weights_of(database, tmp_path, resumed)
    same = weights_of(other, alone, expected)
    assert all(torch.equal(weights[name], same[name]) for name in same)
    # The earlier epochs were not trained again: their seconds are those that were measured then.
    with database.read() as session:
        seconds = [
            [metric.train_seconds for metric in list_metrics(session, trial.id)][:2]
            for trial in (first, resumed)
        ]
    assert seconds[0] == seconds[1]
    database.close()
    other.close()


def test_pruned_trial_is_taken_up_by_a_job_that_trains_in_full(tmp_path, evaluator):
    database = new_database(tmp_path)
    common = {"epochs": 4, "trials": 4, "recipe": {}, "seed": 3}
    asha = {"name": "asha", "reduction_factor": 2, "min_epochs": 1}
    stopped, _ = train(database, tmp_path, evaluator, scheduler=asha, **common)
    pruned = {
        trial.id: trial
        for trial in trials_of(database, stopped)
        if trial.status is TrialStatus.PRUNED
    }
    assert pruned
    in_full, _ = train(database, tmp_path, evaluator, **common)
    taken_up = {
        trial.resumed_from: trial
        for trial in trials_of(database, in_full)
        if trial.resumed_from is not None
    }
    assert set(taken_up) == set(pruned)
    for trial_id, trial in taken_up.items():
        assert (trial.status, trial.epochs_done) == (TrialStatus.COMPLETED, 4)
        before = curve_of(database, pruned[trial_id])
        assert curve_of(database, trial)[: len(before)] == before
    database.close()


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ({"sampler": "tpe"}, True),  # who proposes it changes nothing
        ({"recipe": {}}, False),  # the rate decays over other epochs
        ({"recipe": {"schedule_epochs": 5}}, False),
        ({"recipe": {"schedule_epochs": 4, "batch_size": 32}}, False),
        ({"seed": 1}, False),
    ],
)
def test_training_that_would_differ_starts_anew(tmp_path, evaluator, change, goes_on):
    database = new_database(tmp_path)
    space = {"blocks": 1, "filters": 2, "operations": ["identity"]}
    train(database, tmp_path, evaluator, epochs=1, space_options=space, trials=9)
    job_id, _ = train(
        database, tmp_path, evaluator, **{"epochs": 2, "space_options": space} | change
    )
    (trial,) = trials_of(database, job_id)
    assert (trial.resumed_from is not None) == goes_on
    database.close()


def artifacts_of(database: Database, job_id: str, kind: str) -> list[ArtifactRow]:
    with database.read() as session:
        return [each for each in list_artifacts(session, job_id) if each.kind == kind]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"no checkpoint")])
def test_checkpoint_that_is_gone_or_damaged_costs_epochs_and_no_digit(tmp_path, evaluator, spoil):
    database = new_database(tmp_path)
    short, _ = train(database, tmp_path, evaluator, epochs=2)
    (first,) = trials_of(database, short)
    job_id = add_job(database, trials=1, epochs=3, recipe={"schedule_epochs": 4})
    (kept,) = artifacts_of(database, short, CHECKPOINT_KIND)
    spoil(store_in(tmp_path).local_path(kept.sha256))
    loop = SearchLoop(
        database,
        job_id,
        data_fingerprint="few",
        artifact_dir=tmp_path,
        artifacts=store_in(tmp_path),
    )
    task = loop.next_task()
    assert task is not None and task.resume_from is None
    for report in evaluator.evaluate(task):
        loop.report(task.trial_id, report)
    (trial,) = trials_of(database, job_id)
    assert curve_of(database, trial)[:2] == curve_of(database, first)
    assert len(curve_of(database, trial)) == 3
    database.close()


def test_job_keeps_its_most_accurate_checkpoints_and_those_alone(tmp_path, evaluator):
    database = new_database(tmp_path)
    job_id, tasks = train(database, tmp_path, evaluator, kept=2, trials=5, epochs=1)
    trials = sorted(trials_of(database, job_id), key=lambda t: (-t.accuracy, t.number))
    kept = artifacts_of(database, job_id, CHECKPOINT_KIND)
    assert {artifact.trial_id for artifact in kept} == {trial.id for trial in trials[:2]}
    assert all(artifact.details == {"epoch": 1, "horizon": 4} for artifact in kept)
    with database.read() as session:
        rows = {artifact.sha256 for artifact in list_artifacts(session, job_id)}
    assert {stored.sha256 for stored in store_in(tmp_path).list_objects()} == rows
    assert len(rows) == 2 + 5  # of all five the weights
    assert not any(path.exists() for task in tasks for path in scratch_files(task))
    database.close()


def scratch_files(task: TrialTask) -> list[Path]:
    return [task.directory / name for name in (CHECKPOINT_NAME, WEIGHTS_NAME, "resumed")]


def test_training_to_its_horizon_leaves_no_checkpoint(tmp_path, evaluator):
    database = new_database(tmp_path)
    job_id, (task,) = train(database, tmp_path, evaluator, epochs=1, recipe={})
    assert not any(path.exists() for path in scratch_files(task))
    assert artifacts_of(database, job_id, CHECKPOINT_KIND) == []
    assert len(artifacts_of(database, job_id, WEIGHTS_KIND)) == 1
    database.close()


def test_keys_tell_trainings_apart_and_join_those_that_are_equal_until_they_end():
    def keys(epochs: int, **recipe: object) -> tuple[str, str]:
        given = Recipe(**recipe)
        return tuple(key("data", given, epochs=epochs, seed=0) for key in KEYS)

    assert keys(4) == keys(4, schedule_epochs=4)  # the same in other words
    short, long = keys(2, schedule_epochs=4), keys(4, schedule_epochs=4)
    assert short[0] != long[0] and short[1] == long[1]
    assert keys(2)[1] != keys(4)[1]
    assert keys(2)[0] != short[0]


KEYS = (evaluation_key, training_key)


def test_horizon_below_the_epochs_is_refused():
    with pytest.raises(InvalidInputError, match=r"recipe.schedule_epochs: got 3, allowed: at le"):
        new_spec(epochs=5, recipe={"schedule_epochs": 3})
