from __future__ import annotations

from nas.artifacts import open_store
from nas.database.jobs import find_or_raise_job
from nas.database.trials import find_best_trial
from nas.recipe import Optimizer, Recipe
from nas.settings import Settings
from tests.nas.factories import add_job, new_loop, run_to_the_end
from workers.final import JobFinal


def test_winner_is_retrained_with_its_own_recipe(database, tmp_path):
    searched = {"optimizer": ["sgd", "adamw"], "learning_rate": "0.01..0.1:log:4"}
    job_id = add_job(database, trials=8, hyperparameters=searched, seed=1)
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
        best = find_best_trial(session, job_id)
    settings = Settings(data_dir=tmp_path)
    final = JobFinal(database, open_store(settings), settings.artifact_dir, job_id, spec)
    task = final.task()
    assert task is not None
    assert task.trial_id == best.id
    assert task.recipe == Recipe.model_validate(best.recipe_json)
    assert task.recipe != spec.recipe.resolved()
    assert task.recipe.optimizer in Optimizer
