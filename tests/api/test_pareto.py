from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.database import Database
from nas.settings import load_settings
from tests.nas.factories import add_job, new_database, new_loop, run_to_the_end

SPACE = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    settings = load_settings(data_dir=tmp_path, artifact_dir=tmp_path / "artifacts")
    with TestClient(create_app(database, settings)) as client:
        yield client


def test_front_of_a_job_is_shown_in_its_objectives_and_in_others(database, client) -> None:
    job_id = add_job(database, trials=6, space_options=SPACE, objective=["accuracy", "params"])
    run_to_the_end(new_loop(database, job_id))
    shown = client.get(f"/api/v1/jobs/{job_id}/pareto").json()
    assert shown["metrics"] == ["accuracy", "params"]
    assert set(shown["reference"]) == {"accuracy", "params"}
    assert len(shown["series"]) == 6
    assert shown["series"][-1]["hypervolume"] == shown["hypervolume"]
    best = client.get(f"/api/v1/jobs/{job_id}/best").json()
    assert shown["front"][0]["id"] == best["id"]
    other = client.get(f"/api/v1/jobs/{job_id}/pareto", params={"metrics": "loss, macs"}).json()
    assert other["metrics"] == ["loss", "macs"]
    assert other["front"][0]["metrics"]["loss"] == best["metrics"]["loss"]


def test_job_shows_its_objective_in_the_form_in_which_it_was_given(client) -> None:
    for objective in (
        "accuracy",
        "accuracy*(latency_ms/5)^-0.07",
        ["accuracy", "params"],
        {"metric": "accuracy", "cost": "params", "target": 5.0, "form": "hard"},
    ):
        request = {"space": "cell", "sampler": "rl", "dataset": "digits", "objective": objective}
        answer = client.post("/api/v1/jobs", json=request)
        assert answer.status_code == 201, answer.text
        shown = client.get(answer.headers["Location"]).json()["objective"]
        if isinstance(objective, dict):
            assert shown == objective | {"alpha": None, "beta": None}
        else:
            assert shown == objective


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": ["accuracy"]}, "objective: got 'accuracy', allowed: 2 to 6 different"),
        ({"objective": {"cost": "depth", "target": 5}}, "objective: cost 'depth', allowed: params"),
        ({"constraints": ["beauty<=1"]}, "'beauty<=1': allowed: METRIC"),
        ({"latency": {"method": "guessed"}}, "'predicted' or 'measured'"),
    ],
)
def test_bad_objective_is_a_problem_that_says_what_is_allowed(client, change, message) -> None:
    request = {"space": "cell", "sampler": "rl", "dataset": "digits"} | change
    answer = client.post("/api/v1/jobs", json=request)
    assert answer.status_code == 422
    assert message in answer.json()["detail"]


def test_unknown_metric_and_job_are_problems(database, client) -> None:
    job_id = add_job(database)
    answer = client.get(f"/api/v1/jobs/{job_id}/pareto", params={"metrics": "accuracy,beauty"})
    assert answer.status_code == 422
    assert "metrics: got 'beauty', allowed: accuracy" in answer.json()["detail"]
    assert client.get("/api/v1/jobs/nope/pareto").status_code == 404
