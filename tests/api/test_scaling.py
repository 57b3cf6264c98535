from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.database import Database
from nas.database.trials import list_trials
from nas.settings import load_settings
from tests.nas.factories import add_job, new_database
from tests.nas.scaling.factories import CELLS, add_finished_job
from tests.nas.scaling.following import follow

COARSE = {"divisor": 1, "grid": {"step": 0.2, "tolerance": 0.1}, "compare": False}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scaling")


@pytest.fixture(scope="module")
def database(directory: Path) -> Iterator[Database]:
    opened = new_database(directory)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(database: Database, directory: Path) -> Iterator[TestClient]:
    """One application for all tests here: the process in which it analyses starts slowly."""
    settings = load_settings(
        database_url=f"sqlite:///{directory / 'nas.db'}",
        data_dir=directory,
        artifact_dir=directory / "artifacts",
    )
    with TestClient(create_app(database, settings)) as client:
        yield client


def test_follow_up_is_a_job_whose_family_can_be_looked_at_before_and_after(database, client):
    parent = add_finished_job(database)
    response = client.post(f"/api/v1/jobs/{parent}/scale", json={**COARSE, "phis": [1]})
    assert response.status_code == 201
    job = response.json()
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["status"], job["sampler"], job["scaling"]["job_id"]) == ("queued", "grid", parent)
    before = client.get(f"/api/v1/jobs/{job['id']}/scaling").json()
    assert before["coefficients"] is None
    assert before["members"] == []
    assert {c["trained"] for c in before["candidates"]} == {None}
    follow(database, job["id"])
    after = client.get(f"/api/v1/jobs/{job['id']}/scaling").json()
    best = max(after["candidates"], key=lambda c: c["trained"]["accuracy"])
    assert after["coefficients"] == best["coefficients"]
    assert after["members"][0]["trained"] == best["trained"]
    listed = client.get(f"/api/v1/jobs/{parent}/follow-ups").json()
    assert [each["id"] for each in listed] == [job["id"]]
    trials = client.get(f"/api/v1/jobs/{job['id']}/trials").json()["items"]
    assert all(trial["status"] == "completed" for trial in trials)


def test_trial_is_scaled_and_the_same_key_makes_one_job(database, client):
    with database.read() as session:
        trial = list_trials(session, add_finished_job(database))[0]
    request = {**COARSE, "coefficients": "paper", "phis": [1, 2], "name": "larger", "epochs": 3}
    headers = {"Idempotency-Key": "once"}
    jobs = [
        client.post(f"/api/v1/trials/{trial.id}/scale", json=request, headers=headers).json()
        for _ in range(2)
    ]
    assert jobs[0]["id"] == jobs[1]["id"]
    assert (jobs[0]["name"], jobs[0]["epochs"], jobs[0]["trials"]) == ("larger", 3, 3)
    assert jobs[0]["scaling"]["coefficients"] == {"alpha": 1.2, "beta": 1.1, "gamma": 1.15}


def test_any_architecture_is_scaled_without_a_job(client):
    request = {
        "architecture": CELLS.model_dump(mode="json"),
        "input": [1, 16, 16],
        "phis": [1],
        "targets": ["macs<=8e6"],
        "multipliers": [{"width": 2, "depth": 1, "resolution": 20}],
        "divisor": 1,
        "compare": False,
    }
    view = client.post("/api/v1/architectures/scale", json=request).json()
    assert [member["phi"] for member in view["members"]][::2] == [1, None]
    assert 0 < view["members"][1]["macs"] <= 8e6
    assert view["members"][2]["resolution"] == 20
    assert len(view["power_law"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("jobs/x/scale", {}, 404, "nothing has the id 'x'"),
        ("trials/x/scale", {}, 404, "nothing has the id 'x'"),
        ("jobs/JOB/scale", {}, 409, "is queued and its winner may change"),
        ("jobs/JOB/scale", {"phis": ["many"]}, 422, "phis.0"),
        ("jobs/JOB/scale", {"coefficients": "best"}, 422, "coefficients"),
        ("architectures/scale", {"architecture": {"space": "x"}}, 422, "architecture.space"),
        ("architectures/scale", {"architecture": {}, "targets": ["macs>=1"]}, 422, "upper bound"),
    ],
)
def test_what_cannot_be_scaled_is_refused_by_name(database, client, path, body, status, detail):
    job_id = add_job(database)
    response = client.post(f"/api/v1/{path.replace('JOB', job_id)}", json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]


def test_job_that_is_no_follow_up_has_no_family(database, client):
    response = client.get(f"/api/v1/jobs/{add_job(database)}/scaling")
    assert response.status_code == 409
    assert "scales nothing" in response.json()["detail"]
