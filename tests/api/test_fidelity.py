"""Schedulers, searched recipes and provenance over REST."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from nas.database import Database, open_database
from tests.api.test_app import JOB, client
from tests.nas.factories import add_job, finish, new_loop, new_report

__all__ = ["client"]


def test_scheduler_and_searched_recipe_are_shown_in_full(client: TestClient) -> None:
    asked = {
        "epochs": 9,
        "scheduler": "asha",
        "hyperparameters": {"learning_rate": "0.1..0.3:3", "optimizer": ["sgd"]},
    }
    job = client.post("/api/v1/jobs", json=JOB | asked).json()
    assert job["scheduler"] == {
        "name": "asha",
        "min_epochs": 1,
        "signal": "objective",
        "reduction_factor": 3.0,
    }
    assert job["hyperparameters"] == {"learning_rate": [0.1, 0.2, 0.3], "optimizer": ["sgd"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scheduler": "luck"}, "scheduler"),
        ({"epochs": 1, "scheduler": "asha"}, "scheduler"),
        ({"hyperparameters": {"colour": [1]}}, "hyperparameters"),
    ],
)
def test_what_cannot_be_is_named_in_a_problem(
    client: TestClient, change: dict[str, object], field: str
) -> None:
    answer = client.post("/api/v1/jobs", json=JOB | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_schedulers_are_listed_and_described(client: TestClient) -> None:
    schedulers = {each["name"]: each for each in client.get("/api/v1/schedulers").json()}
    assert {"asha", "hyperband", "median", "extrapolation"} == schedulers.keys()
    assert "reduction_factor" in schedulers["asha"]["options"]["properties"]
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    assert {"scheduler", "hyperparameters"} <= schemas["JobSpec"]["properties"].keys()


def test_trial_shows_its_rungs_recipe_seed_and_environment(client: TestClient) -> None:
    database: Database = open_database(client.app.state.settings.database_url)  # type: ignore[attr-defined]
    job_id = add_job(database, epochs=3, trials=2, scheduler="asha", seed=4)
    loop = new_loop(database, job_id)
    good, bad = loop.next_task(), loop.next_task()
    finish(loop, good)
    loop.report(bad.trial_id, new_report(1, 0.0))
    database.close()
    shown = client.get(f"/api/v1/jobs/{job_id}/trials").json()["items"]
    assert [trial["status"] for trial in shown] == ["completed", "pruned"]
    (rung,) = shown[1]["rungs"]
    assert rung["epoch"] == 1 and rung["value"] == 0.0 < rung["cutoff"]
    assert shown[1]["error"].startswith("not among the best 1 in 3 at the rung of epoch 1")
    assert (shown[1]["seed"], shown[1]["recipe"]["learning_rate"]) == (4, 0.1)
    assert shown[1]["environment"] is None  # nobody said what it ran with
    pruned = client.get(f"/api/v1/jobs/{job_id}/trials", params={"status": "pruned"}).json()
    assert [trial["number"] for trial in pruned["items"]] == [1]
