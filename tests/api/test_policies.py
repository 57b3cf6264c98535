from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli.app import run
from nas.database import Database, open_database
from nas.settings import load_settings
from tests.nas.factories import add_job, new_loop, run_to_the_end


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'nas.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def client(database: Database, url: str, tmp_path: Path) -> Iterator[TestClient]:
    settings = load_settings(
        data_dir=tmp_path, database_url=url, artifact_dir=tmp_path / "artifacts"
    )
    with TestClient(create_app(database, settings)) as client:
        yield client


def searched(database: Database, sampler: str = "rl") -> str:
    job_id = add_job(database, sampler=sampler, trials=11)
    run_to_the_end(new_loop(database, job_id))
    return job_id


def test_policy_over_time_is_served(client: TestClient, database: Database) -> None:
    job_id = searched(database)
    history = client.get(f"/api/v1/jobs/{job_id}/policy").json()
    assert history["job_id"] == job_id
    assert [(item["update"], item["told"]) for item in history["items"]][:3] == [
        (0, 1),
        (1, 5),
        (2, 10),
    ]
    for decision in history["items"][-1]["decisions"]:
        assert len(decision["choices"]) == len(decision["probabilities"])
        assert sum(decision["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert decision["reached"] == 1
    newer = client.get(f"/api/v1/jobs/{job_id}/policy", params={"after": 1}).json()
    assert newer["items"] == history["items"][2:]


def test_job_without_a_controller_has_an_empty_history(
    client: TestClient, database: Database
) -> None:
    job_id = searched(database, "random")
    assert client.get(f"/api/v1/jobs/{job_id}/policy").json()["items"] == []


def test_policy_of_an_unknown_job_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/v1/jobs/x/policy")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_command_prints_the_same_as_json(
    database: Database, url: str, capsys: pytest.CaptureFixture[str], client: TestClient
) -> None:
    job_id = searched(database)
    assert run(["policy", job_id, "--db", url, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == client.get(f"/api/v1/jobs/{job_id}/policy").json()


def test_command_prints_tables_for_people(
    database: Database, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = searched(database)
    assert run(["policy", job_id, "--db", url]) == 0
    shown = capsys.readouterr().out
    assert "entropy" in shown and "normal.block1.operation0" in shown and "conv_1x1" in shown
    assert run(["policy", searched(database, "random"), "--db", url]) == 0
    assert "No policy" in capsys.readouterr().out
    assert run(["policy", "x", "--db", url]) == 2
    assert capsys.readouterr().err == "nas: error: no job 'x'\n"
