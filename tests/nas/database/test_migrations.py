from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

import nas.database.migrations as migrations
from nas.baselines import BaselineResult
from nas.database import connect, open_database, upgrade_database
from nas.database.base import Table
from nas.database.baselines import add_baseline, list_baselines
from nas.database.jobs import JobRow, find_or_raise_job
from nas.errors import DatabaseUnavailableError
from nas.recipe import Augmentation
from tests.nas.factories import add_job


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
    with database.engine.execution_options(nas_write=True).begin() as connection:
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
    with database.engine.execution_options(nas_write=True).begin() as connection:
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
    with database.engine.execution_options(nas_write=True).begin() as connection:
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
    with database.engine.execution_options(nas_write=True).begin() as connection:
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
