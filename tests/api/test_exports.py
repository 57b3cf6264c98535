"""Exports through REST: a job's winner, one trial, and more seeds for the winner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.database.trials import list_trials
from tests.nas.export.factories import ended_job, settings_in
from tests.nas.factories import add_job

JobClient = tuple[TestClient, str, list[str]]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobClient]:
    """A client, an ended job and its trials."""
    directory = tmp_path_factory.mktemp("job")
    database, job_id = ended_job(directory, final_epochs=1)
    with database.read() as session:
        trials = [row.id for row in list_trials(session, job_id)]
    with TestClient(create_app(database, settings_in(directory))) as client:
        yield client, job_id, trials
    database.close()


def test_export_of_a_job_is_checked_and_can_be_downloaded(job: JobClient) -> None:
    client, job_id, _ = job
    answer = client.post(f"/api/v1/jobs/{job_id}/export", json={"format": "python"})
    assert answer.status_code == 201, answer.text
    main, weights = answer.json()["artifacts"]
    assert (main["name"], weights["name"]) == ("model.py", "model.pt")
    assert main["details"]["equal_answers"] == 1.0
    final = client.get(f"/api/v1/jobs/{job_id}").json()["final"]
    assert main["details"]["test_accuracy"] == final["test_accuracy"]
    source = client.get(f"/api/v1/artifacts/{main['id']}").text
    compile(source, "model.py", "exec")


def test_trial_is_exported_by_its_own_id_or_through_its_job(job: JobClient) -> None:
    client, job_id, trials = job
    request = {"format": "card"}
    alone = client.post(f"/api/v1/trials/{trials[0]}/export", json=request)
    through = client.post(f"/api/v1/jobs/{job_id}/export", json={**request, "trial_id": trials[0]})
    for answer in (alone, through):
        assert answer.status_code == 201, answer.text
        [card] = answer.json()["artifacts"]
        assert card["trial_id"] == trials[0]
        text = client.get(f"/api/v1/artifacts/{card['id']}").text
        assert "The test split was not looked at." in text


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/trials/{trial}/export", {"format": "onnx"}, 409, "has no weights yet"),
        ("/trials/{trial}/export", {"format": "pickle"}, 422, "format"),
        ("/trials/{trial}/export", {"format": "json", "path": "/etc"}, 422, "path"),
        ("/trials/..\\..\\etc/export", {"format": "json"}, 404, "nothing has the id"),
        ("/trials/{job}/export", {"format": "json"}, 404, "no trial"),
        ("/jobs/{other}/export", {"format": "json", "trial_id": "{trial}"}, 404, "has no trial"),
        ("/jobs/{job}/retrain", {"seeds": 1}, 422, "seeds"),
        ("/jobs/{other}/retrain", {"seeds": 2}, 409, "no retrained winner yet"),
    ],
)
def test_what_cannot_be_exported_or_retrained_is_refused_with_its_reason(
    path: str, body: dict[str, object], status: int, detail: str, job: JobClient
) -> None:
    client, job_id, trials = job
    other = add_job(client.app.state.database)  # type: ignore[attr-defined]
    known = {"job": job_id, "other": other, "trial": trials[0]}
    filled = {key: str(value).format(**known) for key, value in body.items()}
    answer = client.post(
        f"/api/v1{path.format(**known)}", json=filled if "trial_id" in body else body
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in answer.json()["detail"]


def test_more_seeds_queue_the_job_again(job: JobClient) -> None:
    client, job_id, _ = job
    answer = client.post(f"/api/v1/jobs/{job_id}/retrain", json={"seeds": 3})
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"
    assert answer.json()["final"]["seeds_wanted"] == 3
