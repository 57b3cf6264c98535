"""Recipes that are searched together with the architecture."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.database.trials import find_best_trial, list_trials
from nas.errors import InvalidInputError
from nas.evaluation import evaluation_key
from nas.hyperparameters import (
    FIELDS,
    Range,
    decisions_of,
    nearest_answers,
    read_choices,
    recipe_of,
)
from nas.job import JobSpec, parse_job_spec
from nas.job_file import read_job_file, write_job_file
from nas.problem import SearchProblem
from nas.recipe import Optimizer, Recipe
from nas.samplers import SAMPLERS
from nas.status import TrialStatus
from search_spaces import check_choices
from tests.nas.answers import AnswersProblem
from tests.nas.factories import (
    SEPARABLE_DECISIONS,
    add_job,
    finish,
    new_loop,
    new_report,
    new_spec,
    run_to_the_end,
    separable_reward,
)
from tests.nas.test_job import REQUEST
from tests.nas.test_search import proposals_of, trials_of

NINE = {"blocks": 1, "filters": 2, "operations": ["identity"]}
"""A space of nine architectures."""

SEARCHED = {
    "learning_rate": {"low": 0.01, "high": 0.3, "log": True, "steps": 3},
    "optimizer": ["sgd", "adamw"],
    "augmentation.max_shift": [0, 1],
}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the tables hold on either kind is tested with the migrations."""
    return f"sqlite:///{tmp_path / 'nas.db'}"


def spec_of(hyperparameters) -> JobSpec:
    return parse_job_spec(REQUEST | {"hyperparameters": hyperparameters})


def test_request_is_completed_to_the_values_that_the_recipe_takes():
    assert spec_of(SEARCHED).hyperparameters == {
        "learning_rate": [0.01, 0.05477, 0.3],
        "optimizer": ["sgd", "adamw"],
        "augmentation.max_shift": [0, 1],
    }
    whole = {"batch_size": {"low": 16, "high": 128, "steps": 4, "log": True}, "momentum": [0, 0.9]}
    assert spec_of(whole).hyperparameters == {"batch_size": [16, 32, 64, 128], "momentum": [0, 0.9]}
    assert isinstance(spec_of(whole).hyperparameters["momentum"][0], float)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.01..0.3:log:3", [0.01, 0.05477, 0.3]),
        ("0.1 .. 0.3:3", [0.1, 0.2, 0.3]),
        ("1e-3..1e-1:log:3", [0.001, 0.01, 0.1]),
        ("0.1,0.2, 0.3", [0.1, 0.2, 0.3]),
        ("0.1", [0.1]),
    ],
)
def test_text_form_says_the_same(text, values):
    assert spec_of({"learning_rate": text}).hyperparameters == {"learning_rate": values}


def test_request_survives_json_and_a_job_file(tmp_path):
    spec = spec_of(SEARCHED | {"weight_decay": "1e-4..1e-2:log"})
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    (tmp_path / "job.yaml").write_text(write_job_file(spec))
    assert parse_job_spec(read_job_file(tmp_path / "job.yaml")) == spec


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"rate": [1]}, "hyperparameters: no field 'rate' of the recipe; known: batch_size, opt"),
        ({"augmentation": [1]}, "no field 'augmentation' of the recipe"),
        ({"learning_rate": [0.1, -1]}, r"of recipe.learning_rate: .*greater than 0 \(got -1\)"),
        ({"learning_rate": ["fast"]}, "of recipe.learning_rate: .*valid number.* .got 'fast'"),
        ({"optimizer": ["sgd", "lion"]}, "of recipe.optimizer: .*'sgd' or 'adamw'"),
        ({"augmentation.max_shift": [99]}, "of recipe.augmentation.max_shift: .*equal to 64"),
        ({"learning_rate": []}, "of learning_rate: got 0 values, allowed: 1 to 64"),
        ({"learning_rate": "0..1:log"}, "of learning_rate: got 0 to 1, allowed: a low end below"),
        ({"learning_rate": "1..0.1"}, "of learning_rate: got 1 to 0.1, allowed: a low end below"),
        ({"learning_rate": "a..b"}, r"got 'a..b', allowed: VALUE,VALUE,... or LOW..HIGH"),
        ({"optimizer": "0.1..0.2"}, "of recipe.optimizer: .*got 0.1"),
        ({"learning_rate": {"low": 1, "high": 2, "colour": 3}}, "colour: Extra"),
    ],
)
def test_what_cannot_be_searched_is_named_with_what_is_allowed(given_, message):
    with pytest.raises(InvalidInputError, match=message):
        spec_of(given_)


def test_every_field_of_the_recipe_can_be_searched():
    assert {"optimizer", "learning_rate", "weight_decay", "label_smoothing"} <= FIELDS.keys()
    assert {"augmentation.max_shift", "augmentation.max_rotation"} <= FIELDS.keys()
    for name in FIELDS:
        value = Recipe(ema_decay=0.99).resolved()
        for part in name.split("."):
            value = getattr(value, part)
        assert spec_of({name: [value]}).hyperparameters == {name: [value]}


@given(
    low=st.floats(1e-6, 1), ratio=st.floats(1.01, 1e4), steps=st.integers(2, 64), log=st.booleans()
)
def test_range_runs_from_end_to_end(low, ratio, steps, log):
    values = Range(low=low, high=low * ratio, steps=steps, log=log).values()
    assert len(values) == steps
    assert values == sorted(values)
    assert values[0] == pytest.approx(low, rel=1e-3)
    assert values[-1] == pytest.approx(low * ratio, rel=1e-3)


def test_lists_and_ranges_are_left_as_they_are():
    assert read_choices([1, 2]) == [1, 2]
    assert read_choices({"low": 1, "high": 2}) == {"low": 1, "high": 2}


def test_answers_make_the_recipe_and_leave_nothing_open():
    base = Recipe(label_smoothing=0.2)
    answers = {"recipe.optimizer": "adamw", "recipe.augmentation.max_shift": 2, "other": 5}
    recipe = recipe_of(base, answers)
    assert (recipe.optimizer, recipe.augmentation.max_shift) == (Optimizer.ADAMW, 2)
    assert (recipe.learning_rate, recipe.weight_decay) == (0.01, 0.05)
    assert recipe.label_smoothing == 0.2
    assert recipe_of(base, {}) == base.resolved()
    assert (recipe_of(base, {}).learning_rate, recipe_of(base, {}).weight_decay) == (0.1, 0.002)


def test_stated_recipe_is_answered_as_closely_as_can_be():
    decisions = decisions_of({"learning_rate": [0.01, 0.08, 0.3], "optimizer": ["adamw", "sgd"]})
    nearest = nearest_answers(Recipe(), decisions)
    assert nearest == {"recipe.learning_rate": 0.08, "recipe.optimizer": "sgd"}


def test_average_that_the_stated_recipe_does_without_is_answered_by_the_first_choice():
    decisions = decisions_of({"ema_decay": [0.99, 0.999]})
    assert nearest_answers(Recipe(), decisions) == {"recipe.ema_decay": 0.99}
    assert nearest_answers(Recipe(ema_decay=0.998), decisions) == {"recipe.ema_decay": 0.999}


def test_equal_recipes_have_equal_keys_however_they_are_stated():
    def key(**recipe) -> str:
        return evaluation_key("data", Recipe(**recipe), epochs=1, seed=0)

    assert key() == key(learning_rate=0.1, weight_decay=0.002)
    different = [key(), key(optimizer="adamw"), key(learning_rate=0.2), key(momentum=0.8)]
    averaged = [key(ema_decay=0.99), key(ema_decay=0.999)]
    assert len({*different, *averaged}) == 6


def searched_job(database, **changes) -> str:
    request = {"hyperparameters": SEARCHED, "space_options": NINE, "trials": 20}
    return add_job(database, new_spec(**(request | changes)))


def test_one_architecture_is_trained_under_several_recipes_but_each_only_once(database):
    job_id = searched_job(database, trials=40)
    tasks = run_to_the_end(new_loop(database, job_id))
    assert len(tasks) == 40
    candidates = {(t.architecture.content_hash, t.recipe.model_dump_json()) for t in tasks}
    assert len(candidates) == 40
    assert len({t.architecture.content_hash for t in tasks}) <= 9
    assert {t.recipe.optimizer for t in tasks} == set(Optimizer)
    for task, trial in zip(tasks, trials_of(database, job_id), strict=True):
        assert Recipe.model_validate(trial.recipe_json) == task.recipe
    for _, choices, _, trial, _, _ in proposals_of(database, job_id):
        assert recipe_of(Recipe(), choices) == tasks[trial].recipe


def test_search_ends_when_every_architecture_had_every_recipe(database):
    searched = {"optimizer": ["sgd", "adamw"]}
    job_id = searched_job(database, hyperparameters=searched, trials=50)
    assert len(run_to_the_end(new_loop(database, job_id))) == 18


def test_equal_recipe_of_another_job_answers(database):
    run_to_the_end(new_loop(database, add_job(database, space_options=NINE, trials=9)))
    searched = {"learning_rate": [0.1, 0.2]}
    job_id = searched_job(database, hyperparameters=searched, trials=18)
    tasks = run_to_the_end(new_loop(database, job_id))
    assert len(tasks) == 9
    assert {task.recipe.learning_rate for task in tasks} == {0.2}


def test_killed_job_goes_on_with_the_same_candidates(tmp_path, database):
    records = []
    for restarts in (False, True):
        job_id = searched_job(database, sampler="tpe", seed=3, trials=16, epochs=2)
        loop, done = new_loop(database, job_id, data=str(restarts)), 0
        while (task := loop.next_task()) is not None:
            if restarts and done % 4 == 1:
                loop.report(task.trial_id, new_report(1, 0.5))
                loop = new_loop(database, job_id, data=str(restarts))
                again = loop.next_task()
                assert (again.trial_id, again.recipe) == (task.trial_id, task.recipe)
                task = again
            finish(loop, task)
            done += 1
        records.append(proposals_of(database, job_id))
    assert records[0] == records[1]


def test_start_is_trained_as_the_job_states(database):
    job_id = add_job(
        database,
        space="stages",
        space_options={},
        start_from=["resnet-18"],
        trials=1,
        recipe={"learning_rate": 0.25},
        hyperparameters={"learning_rate": [0.01, 0.3], "label_smoothing": [0.05, 0.1]},
    )
    (task,) = run_to_the_end(new_loop(database, job_id))
    assert (task.recipe.learning_rate, task.recipe.label_smoothing) == (0.3, 0.05)


def test_best_trial_has_its_own_recipe(database):
    job_id = searched_job(database, trials=8)
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        best = find_best_trial(session, job_id)
        trials = list_trials(session, job_id, status=TrialStatus.COMPLETED)
        assert best.reward == max(trial.reward for trial in trials)
        assert Recipe.model_validate(best.recipe_json).optimizer in Optimizer


class RecipeProblem(AnswersProblem):
    """Answers of a space, and hyper-parameters after them."""

    def __init__(self) -> None:
        super().__init__(SEPARABLE_DECISIONS[:3])
        decisions = decisions_of({"momentum": [0.0, 0.3, 0.6, 0.9], "batch_size": [16, 32, 64]})
        SearchProblem.__init__(
            self, self.space, self.input_shape, self.num_classes, hyperparameters=decisions
        )

    def macs(self, choices):
        return super().macs({k: v for k, v in choices.items() if not k.startswith("recipe.")})


def reward_of(choices) -> float:
    """Best with the space's threes, a momentum of 0.6 and batches of 16."""
    of_space = {name: value for name, value in choices.items() if name.startswith("d")}
    return (
        separable_reward(of_space)
        - abs(choices["recipe.momentum"] - 0.6)
        - 0.5 * (choices["recipe.batch_size"] != 16)
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_answers_the_recipe_too(name):
    problem = RecipeProblem()
    sampler = SAMPLERS[name].create(problem, 0, {})
    seen = set()
    for number in range(24):
        proposal = sampler.ask(number)
        check_choices(problem.decisions, proposal.choices)
        recipe = (v for name, v in sorted(proposal.choices.items()) if name.startswith("recipe."))
        seen.add(tuple(recipe))
        sampler.tell(number, proposal, reward_of(proposal.choices))
    assert len(seen) > 1


@pytest.mark.parametrize("name", ["model", "tpe", "evolution", "local"])
def test_sampler_learns_which_recipe_is_good(name):
    def mean_of_best(sampler_name: str) -> float:
        return sum(best_found(sampler_name, seed) for seed in range(3)) / 3

    def best_found(sampler_name: str, seed: int) -> float:
        sampler = SAMPLERS[sampler_name].create(RecipeProblem(), seed, {})
        rewards = []
        for number in range(70):
            proposal = sampler.ask(number)
            rewards.append(reward_of(proposal.choices))
            sampler.tell(number, proposal, rewards[-1])
        return max(rewards)

    assert mean_of_best(name) > mean_of_best("random") + 0.1
