from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

import nas.database.migrations as migrations
from nas.baselines import BaselineResult
from nas.database import connect, open_database, upgrade_database
from nas.database.base import Table
from nas.database.baselines import add_baseline, list_baselines
from nas.database.engine import migrating
from nas.database.jobs import JobRow, find_or_raise_job
from nas.database.proposals import list_proposals
from nas.database.trials import list_metrics, list_trials
from nas.errors import DatabaseUnavailableError
from nas.recipe import Augmentation
from tests.nas.factories import add_job, new_loop, run_to_the_end


@pytest.fixture
def url(database_url):
    return database_url


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", next(iter(migrations.__path__)))
    return found


def test_upgraded_tables_are_those_of_the_models(url):
    upgrade_database(url)
    database = connect(url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
        tables = set(inspect(connection).get_table_names())
    assert tables == {*Table.metadata.tables, "alembic_version"}
    database.close()


def test_tables_can_be_taken_down_and_put_up_again_step_by_step(database):
    steps = list(ScriptDirectory.from_config(config()).walk_revisions())
    with migrating(database) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        for _ in steps:
            command.downgrade(settings, "-1")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        for _ in steps:
            command.upgrade(settings, "+1")
    add_job(database)


def test_upgrading_again_keeps_what_is_there(url, database):
    job_id = add_job(database)
    upgrade_database(url)
    again = open_database(url)
    with again.read() as session:
        assert find_or_raise_job(session, job_id).id == job_id
    again.close()


def test_job_older_than_the_baselines_table_can_get_baselines(url, database):
    job_id = add_job(database, baselines=["linear"])
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0002")
        assert "baselines" not in inspect(connection).get_table_names()
        assert "baselines" not in connection.scalar(select(JobRow.__table__.c.spec_json))
    upgrade_database(url)
    with database.write() as session:
        add_baseline(session, job_id, BaselineResult(name="linear", validation_accuracy=0.5))
    with database.read() as session:
        assert [row.name for row in list_baselines(session, job_id)] == ["linear"]


def test_tables_of_a_newer_version_are_refused_and_left_alone(url, database):
    with migrating(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for function in (open_database, upgrade_database):
        with pytest.raises(DatabaseUnavailableError, match=r"newer version \(9999\); update nas"):
            function(url)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_server_without_tables_is_refused_with_what_to_do(postgres_url):
    with pytest.raises(DatabaseUnavailableError, match="run `nas db upgrade`"):
        open_database(postgres_url)


def test_there_is_one_newest_revision():
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def test_job_of_the_first_version_keeps_its_shift(url, database):
    job_id = add_job(database)
    settings = config()
    jobs = JobRow.__table__
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0001")
        spec = connection.scalar(select(jobs.c.spec_json))
        assert "augmentation" not in spec["recipe"]
        spec["recipe"]["max_shift"] = 3
        connection.execute(jobs.update().values(spec_json=spec))
    upgrade_database(url)
    with database.read() as session:
        augmentation = find_or_raise_job(session, job_id).spec.recipe.augmentation
    assert augmentation == Augmentation(max_shift=3, max_rotation=0, max_zoom=0)


def contents(database) -> dict[str, int]:
    """Count the rows of every table."""
    with database.engine.connect() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table))
            for name, table in Table.metadata.tables.items()
        }


def test_trials_of_an_older_version_get_their_jobs_recipe_and_keep_what_refers_to_them(
    url, database
):
    job_id = add_job(database, trials=2, seed=7, recipe={"batch_size": 32})
    run_to_the_end(new_loop(database, job_id))
    before = contents(database)
    assert before["metrics"] == 2 and before["proposals"] >= 2
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0005")
        columns = {column["name"] for column in inspect(connection).get_columns("trials")}
        assert "recipe_json" not in columns
    upgrade_database(url)
    assert contents(database) == before
    with database.read() as session:
        trials = list_trials(session, job_id)
        assert [(trial.recipe_json["batch_size"], trial.seed) for trial in trials] == [(32, 7)] * 2
        assert all(list_metrics(session, trial.id) for trial in trials)
        assert all(row.trial_id is not None for row in list_proposals(session, job_id))


def test_version_before_recipes_were_searched_keeps_one_trial_per_architecture(url, database):
    rates = {"learning_rate": [0.05, 0.1]}
    job_id = add_job(database, trials=12, space_options=SMALLEST, hyperparameters=rates)
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        hashes = {trial.architecture_hash for trial in list_trials(session, job_id)}
    assert len(hashes) < 12
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0005")
        spec = connection.scalar(select(JobRow.__table__.c.spec_json))
        assert "hyperparameters" not in spec
        assert None not in spec["recipe"].values()
    upgrade_database(url)
    with database.read() as session:
        assert {t.architecture_hash for t in list_trials(session, job_id)} == hashes
        assert len(list_trials(session, job_id)) == len(hashes)


SMALLEST = {"blocks": 1, "filters": 2, "operations": ["identity"]}
"""A space of nine architectures."""


def test_job_with_several_objectives_can_be_read_by_the_version_before(url, database):
    job_id = add_job(
        database,
        objective=["accuracy", "params"],
        constraints=["params<=1e6", "latency_ms<=5"],
    )
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0003")
        spec = connection.scalar(select(JobRow.__table__.c.spec_json))
        assert "latency_setups" not in inspect(connection).get_table_names()
    assert spec["objective"] == "accuracy"
    assert spec["constraints"] == ["params<=1e+06"]
    assert "latency" not in spec
    upgrade_database(url)
    with database.read() as session:
        assert find_or_raise_job(session, job_id).spec.objective == "accuracy"


def test_version_before_horizons_can_read_the_recipes(url, database):
    job_id = add_job(database, trials=2, epochs=2, recipe={"schedule_epochs": 4})
    run_to_the_end(new_loop(database, job_id))
    before = contents(database)
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0008")
        assert (
            "schedule_epochs"
            not in connection.scalar(select(JobRow.__table__.c.spec_json))["recipe"]
        )
        recipes = connection.execute(text("SELECT recipe_json FROM trials")).scalars().all()
        assert len(recipes) == 2 and "schedule_epochs" not in str(recipes)
    upgrade_database(url)
    assert contents(database) == before


def test_version_before_screening_shows_its_jobs_as_trained_for_accuracy(url, database):
    options = {"epochs": 3, "candidates": 6}
    changes = [
        {"evaluator": "proxy:zen", "constraints": ["params<=1e6", "score>=1"]},
        {"screen": {"proxy": "synflow"}, "sampler": "model", "sampler_options": {}},
        {"evaluator": "weight-sharing", "evaluator_options": options},
        {"sampler": "model", "sampler_options": {"warm_start": "zen"}},
    ]
    for each in changes:
        add_job(database, **each)
    settings = config()
    with migrating(database) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0006")
        columns = {column["name"] for column in inspect(connection).get_columns("proposals")}
        assert "score" not in columns
        specs = connection.scalars(select(JobRow.__table__.c.spec_json)).all()
        for spec in specs:
            assert not {"evaluator", "evaluator_options", "screen"} & spec.keys()
            assert spec["objective"] == "accuracy"
            assert "score" not in str(spec["constraints"])
            assert spec["sampler_options"] == {}
    upgrade_database(url)
    with database.read() as session:
        assert all(job.spec.evaluator == "training" for job in session.scalars(select(JobRow)))
