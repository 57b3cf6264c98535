from __future__ import annotations

import pytest

from nas.database.artifacts import FINAL_WEIGHTS_KIND, list_artifacts
from nas.database.jobs import find_or_raise_job
from nas.database.trials import find_best_trial
from nas.datasets import find_or_raise_dataset
from nas.errors import ConflictError, InvalidInputError
from nas.final import FinalResult
from nas.recipe import Optimizer, Recipe
from nas.retraining import request_seeds
from nas.status import JobStatus
from tests.nas.export.factories import ended_job, retrain, winner_of
from tests.nas.factories import NOON, add_job, new_loop, run_to_the_end
from workers.training.evaluator import FinalTraining


def final_of(database, job_id: str) -> FinalResult:
    with database.read() as session:
        return FinalResult.model_validate(find_or_raise_job(session, job_id).final_json)


def test_winner_is_retrained_with_its_own_recipe(database, tmp_path):
    searched = {"optimizer": ["sgd", "adamw"], "learning_rate": "0.01..0.1:log:4"}
    job_id = add_job(database, trials=8, hyperparameters=searched, seed=1)
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
        best = find_best_trial(session, job_id)
    task = winner_of(database, tmp_path, job_id).task()
    assert task is not None
    assert task.trial_id == best.id
    assert task.recipe == Recipe.model_validate(best.recipe_json)
    assert task.recipe != spec.recipe.resolved()
    assert task.recipe.optimizer in Optimizer


def test_more_seeds_on_request_are_trained_beside_those_there_are(tmp_path):
    database, job_id = ended_job(tmp_path, final_epochs=1, seed=7)
    first = final_of(database, job_id)
    assert first.std_test_accuracy is None
    with database.write() as session:
        assert request_seeds(session, job_id, 3, NOON).status is JobStatus.QUEUED
    retrain(database, tmp_path, job_id)
    final = final_of(database, job_id)
    assert [each.seed for each in final.further] == [8, 9]
    assert final.test_accuracy == first.test_accuracy
    accuracies = [final.test_accuracy, *(each.test_accuracy for each in final.further)]
    assert len(set(accuracies)) > 1
    mean = sum(accuracies) / 3
    assert final.mean_test_accuracy == pytest.approx(mean)
    variance = sum((each - mean) ** 2 for each in accuracies) / 2
    assert final.std_test_accuracy == pytest.approx(variance**0.5)
    with database.read() as session:
        kinds = [row.kind for row in list_artifacts(session, job_id)]
    assert kinds == [FINAL_WEIGHTS_KIND]
    assert winner_of(database, tmp_path, job_id).task() is None
    database.close()


def test_runner_that_dies_between_seeds_leaves_the_next_seed_to_another(tmp_path):
    database, job_id = ended_job(tmp_path, final_epochs=2)
    with database.write() as session:
        request_seeds(session, job_id, 2, NOON)
    winner = winner_of(database, tmp_path, job_id)
    data = find_or_raise_dataset("digits").load()
    stops = iter([False, True])
    winner.train(FinalTraining(data).run, lambda: next(stops))
    assert final_of(database, job_id).further == ()
    task = winner.task()
    assert task is not None
    assert (task.seed, len(list(FinalTraining(data).run(task)))) == (1, 2)  # an epoch, the test
    database.close()


def test_seeds_are_refused_that_there_are_already_or_while_the_job_has_no_winner(tmp_path):
    database, job_id = ended_job(tmp_path, final_epochs=1)
    waiting = add_job(database)
    with database.write() as session:
        for seeds in (0, 1, 101):
            with pytest.raises(InvalidInputError, match=f"seeds: got {seeds}, allowed: 2 to 100"):
                request_seeds(session, job_id, seeds, NOON)
        with pytest.raises(ConflictError, match="no retrained winner yet"):
            request_seeds(session, waiting, 2, NOON)
    database.close()
