"""Databases that earlier versions of the service left behind, a file for each revision.

Each was written by that version's own code: a search by `rl` of four trials, of which one failed
and one was cut off after its first epoch, and a job that waits.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, DateTime, MetaData, select

import nas.database.migrations as migrations
from nas.database import connect, open_database, upgrade_database
from nas.database.engine import migrating
from nas.database.jobs import find_claimable_job, list_jobs
from nas.database.migrate import upgrade
from nas.database.trials import list_trials
from nas.evaluation import evaluation_key
from nas.representations import JobView, TrialView
from tests.nas.factories import NOON, new_loop, run_to_the_end

OLD = Path(__file__).parent / "old_versions"
REVISIONS = sorted(path.stem for path in OLD.glob("*.json"))
LEASE = timedelta(minutes=1)
REWRITTEN = {("jobs", "spec_json"), ("trials", "recipe_json")}
"""What a migration may change: fields that got a new form or a default."""


def migration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", next(iter(migrations.__path__)))
    config.attributes["connection"] = connection
    return config


def old_rows(revision: str) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = json.loads((OLD / f"{revision}.json").read_text())
    return rows


def stored(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found


def put_back(connection: Connection, revision: str) -> None:
    """Make the tables as they were at `revision`, with what its version had written."""
    command.upgrade(migration(connection), revision)
    tables, rows = stored(connection), old_rows(revision)
    for table in tables.sorted_tables:
        for row in rows.get(table.name, []):
            connection.execute(table.insert().values(**{k: _typed(table, k, row) for k in row}))


def _typed(table: Any, name: str, row: dict[str, Any]) -> Any:
    if isinstance(table.columns[name].type, DateTime) and row[name] is not None:
        return datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
    return row[name]


def contents(connection: Connection, wanted: dict[str, list[dict[str, Any]]]) -> Any:
    """Read back the tables and columns of `wanted`, in a form that can be compared."""
    tables = stored(connection).tables
    return {
        name: sorted(
            (
                {key: _plain(row[key]) for key in rows[0] if (name, key) not in REWRITTEN}
                for row in connection.execute(select(tables[name])).mappings()
            ),
            key=str,
        )
        for name, rows in wanted.items()
    }


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else value


def test_no_revision_up_to_the_newest_kept_one_is_left_out():
    script = ScriptDirectory(next(iter(migrations.__path__)))
    known = sorted(each.revision for each in script.walk_revisions())
    assert known[: len(REVISIONS)] == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_database_of_an_older_version_is_upgraded_with_its_data(database_url, revision):
    database = connect(database_url)
    with migrating(database) as connection:
        put_back(connection, revision)
        before = contents(connection, old_rows(revision))
    database.close()
    upgrade_database(database_url)
    database = open_database(database_url)
    with database.engine.connect() as connection:
        assert contents(connection, old_rows(revision)) == before
    with database.write() as session:
        waiting, ended = list_jobs(session)
        assert (JobView.of(session, waiting).name, ended.name) == ("waiting", "ended")
        assert waiting.spec.trials == 2
        assert ended.spec.recipe.batch_size == 32
        assert JobView.of(session, ended).best.metrics.accuracy is not None
        views = [TrialView.of(trial) for trial in list_trials(session, ended.id)]
        assert [view.status for view in views] == ["completed", "completed", "failed", "running"]
        assert [view.epochs_done for view in views] == [2, 2, 0, 1]
        assert {(view.recipe.batch_size, view.seed) for view in views} == {(32, 5)}
        keys = {evaluation_key("data", view.recipe, epochs=2, seed=5) for view in views}
        assert keys == {trial.evaluation_key for trial in list_trials(session, ended.id)}
        assert find_claimable_job(session, NOON + LEASE).id == ended.id
    database.close()


@pytest.mark.parametrize("revision", [REVISIONS[0], REVISIONS[-1]])
def test_search_of_an_older_version_goes_on_where_it_stood(tmp_path, revision):
    database = connect(f"sqlite:///{tmp_path / 'nas.db'}")
    with migrating(database) as connection:
        put_back(connection, revision)
        upgrade(connection)
    with database.read() as session:
        job_id = list_jobs(session)[1].id
    (task,) = run_to_the_end(new_loop(database, job_id))
    assert task.epochs_recorded == 1
    with database.read() as session:
        assert [trial.epochs_done for trial in list_trials(session, job_id)] == [2, 2, 0, 2]
    database.close()
