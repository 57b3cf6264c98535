"""Trying trials again, by REST and by command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli.app import run
from nas.database import Database, open_database
from nas.settings import load_settings
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from tests.nas.factories import add_job, finish, new_loop
from tests.nas.test_search import trials_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'nas.db'}")
    yield database
    database.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(database, load_settings(data_dir=tmp_path))) as client:
        yield client


def job_with_failures(database: Database) -> str:
    """Run three trials: one completed, one failed, one out of memory."""
    job_id = add_job(database, trials=3)
    loop = new_loop(database, job_id)
    finish(loop, loop.next_task())
    loop.fail(loop.next_task().trial_id, TrialStatus.FAILED, "timed out")
    shortage = MemoryShortage(32, 5 * 10**9)
    loop.fail(loop.next_task().trial_id, TrialStatus.INFEASIBLE, "out of memory", shortage)
    return job_id


def test_one_trial_is_put_back_and_its_job_queued(client, database):
    job_id = job_with_failures(database)
    completed, failed, short = trials_of(database, job_id)
    shown = client.get(f"/api/v1/trials/{short.id}").json()
    assert (shown["batch_size"], shown["memory_bytes"]) == (32, 5 * 10**9)
    answer = client.post(f"/api/v1/trials/{failed.id}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.json()["error"] is None
    assert client.get(f"/api/v1/jobs/{job_id}").json()["status"] == "queued"
    refused = client.post(f"/api/v1/trials/{completed.id}/retry")
    assert refused.status_code == 409
    assert "is completed; allowed: one that failed" in refused.json()["detail"]
    assert client.post("/api/v1/trials/nothing/retry").status_code == 404


def test_all_failed_trials_of_a_job_are_put_back(client, database):
    job_id = job_with_failures(database)
    answer = client.post(f"/api/v1/jobs/{job_id}/retry")
    assert answer.status_code == 202
    assert answer.json()["trials_by_status"] == {"completed": 1, "pending": 2}
    assert client.post(f"/api/v1/jobs/{job_id}/retry").status_code == 409


def test_command_line_refuses_what_did_not_fail_in_one_line(
    database, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    job_id = job_with_failures(database)
    completed = trials_of(database, job_id)[0]
    assert run(["jobs", "retry", job_id, "--trial", completed.id]) == 2
    error = capsys.readouterr().err
    assert f"trial: got '{completed.id}', allowed: " in error.replace("\n", " ")
    assert "Traceback" not in error
