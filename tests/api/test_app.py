from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from nas.artifacts import open_store
from nas.database import open_database
from nas.job import parse_job_spec
from nas.settings import load_settings
from search_spaces import draw_svg, parse_architecture
from tests.workers.in_process import InProcess
from tests.workers.training.factories import digits
from workers.baselines import JobBaselines

JOB = {"space": "cell", "sampler": "rl", "dataset": "digits", "trials": 2}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = load_settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'nas.db'}",
        artifact_dir=tmp_path / "artifacts",
    )
    database = open_database(settings.database_url)
    with TestClient(create_app(database, settings)) as client:
        yield client
    database.close()


def test_submitted_job_is_queued_and_listed(client: TestClient) -> None:
    job = client.post("/api/v1/jobs", json=JOB)
    assert job.status_code == 201
    assert job.json()["status"] == "queued"
    assert client.get(job.headers["Location"]).json()["id"] == job.json()["id"]
    assert [j["id"] for j in client.get("/api/v1/jobs").json()["items"]] == [job.json()["id"]]


def test_same_idempotency_key_gives_the_same_job_and_refuses_another(client: TestClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = client.post("/api/v1/jobs", json=JOB, headers=headers).json()
    assert client.post("/api/v1/jobs", json=JOB, headers=headers).json()["id"] == first["id"]
    other = client.post("/api/v1/jobs", json={**JOB, "trials": 3}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"space": "nope"}, "space"),
        ({"sampler": "nope"}, "sampler"),
        ({"dataset": "nope"}, "dataset"),
        ({"baselines": ["svm"]}, "baselines"),
        ({"trials": -1}, "trials"),
        ({"bogus": 1}, "bogus"),
    ],
)
def test_bad_field_is_named_in_a_problem(
    client: TestClient, change: dict[str, object], field: str
) -> None:
    answer = client.post("/api/v1/jobs", json=JOB | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field


def test_unknown_ids_are_not_found(client: TestClient) -> None:
    for path in ("jobs/x", "jobs/x/trials", "jobs/x/best", "trials/x", "artifacts/x"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_queued_job_stops_at_once_and_can_be_deleted(client: TestClient) -> None:
    url = client.post("/api/v1/jobs", json=JOB).headers["Location"]
    assert client.delete(url).status_code == 409
    assert client.post(f"{url}/stop").json()["status"] == "stopped"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_job_without_trials_cannot_be_exported(client: TestClient) -> None:
    url = client.post("/api/v1/jobs", json=JOB).headers["Location"]
    assert client.post(f"{url}/export", json={"format": "exe"}).status_code == 422
    assert client.post(f"{url}/export", json={"format": "json"}).status_code == 409


def test_catalogue_names_what_there_is(client: TestClient) -> None:
    names = [s["name"] for s in client.get("/api/v1/samplers").json()]
    assert {"rl", "tpe", "random"} <= set(names)
    assert client.get("/api/v1/search-spaces/cell").json()["decisions"]
    assert "synflow" in {proxy["name"] for proxy in client.get("/api/v1/proxies").json()}
    sizes = {space["name"]: space for space in client.get("/api/v1/search-spaces").json()}
    assert sizes["nasbench201"]["size"] == 15_625
    assert sizes["stages"]["size"] > 10**100
    assert sizes["cell"]["log10_size"] == pytest.approx(math.log10(sizes["cell"]["size"]))
    assert client.get("/api/v1/datasets").json()[0]["name"] == "digits"


def test_kinds_of_data_sets_are_listed_with_their_options(client: TestClient) -> None:
    sources = {s["form"]: s for s in client.get("/api/v1/dataset-sources").json()}
    assert {"folder:PATH", "npz:PATH", "webdataset:PATH", "torchvision:NAME"} == set(sources)
    assert "size" in sources["folder:PATH"]["options"]["properties"]


def test_data_set_is_taken_from_below_the_data_directory_alone(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    images = np.zeros((20, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(20) % 2)
    assert client.post("/api/v1/jobs", json=JOB | {"dataset": "npz:mine.npz"}).status_code == 201
    for name in ("npz:/etc/passwd", "folder:/usr", "folder:../.."):
        refused = client.post("/api/v1/jobs", json=JOB | {"dataset": name})
        assert refused.status_code == 422
        assert "allowed here: paths below the data directory" in refused.json()["detail"]


def test_job_shows_its_baselines_before_they_are_measured(client: TestClient) -> None:
    job = client.post("/api/v1/jobs", json=JOB | {"baselines": ["hog", "linear"]})
    assert job.status_code == 201
    shown = client.get(job.headers["Location"]).json()["baselines"]
    assert [baseline["name"] for baseline in shown] == ["hog", "linear"]
    assert {baseline["validation_accuracy"] for baseline in shown} == {None}
    known = {baseline["name"] for baseline in client.get("/api/v1/baselines").json()}
    assert known > {"hog", "linear"}


def test_templates_of_a_measured_baseline_can_be_downloaded(client: TestClient) -> None:
    job = client.post("/api/v1/jobs", json=JOB | {"baselines": ["linear"]}).json()
    database = client.app.state.database  # type: ignore[attr-defined]
    spec, calls = parse_job_spec(JOB | {"baselines": ["linear"]}), InProcess()
    store = open_store(client.app.state.settings)  # type: ignore[attr-defined]
    JobBaselines(database, store, job["id"], spec, digits(100, 50), calls).measure()
    shown = client.get(f"/api/v1/jobs/{job['id']}").json()["baselines"][0]
    assert 0.5 < shown["validation_accuracy"] < 1
    assert shown["test_accuracy"] is None
    (artifact,) = client.get(f"/api/v1/jobs/{job['id']}/artifacts").json()
    assert (artifact["kind"], artifact["name"]) == ("templates", "linear.png")
    answer = client.get(f"/api/v1/artifacts/{artifact['id']}")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_server_does_not_import_torch_or_ray() -> None:
    code = "import sys, api.app; sys.exit(len({'torch', 'ray'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_case_studies_are_listed_and_analysed(client: TestClient) -> None:
    names = {study["name"] for study in client.get("/api/v1/case-studies").json()}
    assert {"resnet-50", "vgg-16", "mobilenet-v2", "efficientnet-b0"} <= names
    study = client.get("/api/v1/case-studies/resnet-18").json()
    assert (study["params"], study["spaces"]) == (11_689_512, ["stages"])
    analysis = client.post(
        "/api/v1/architectures/analyze",
        json={
            "architecture": study["architecture"],
            "input": study["input"],
            "num_classes": study["num_classes"],
        },
    ).json()
    assert analysis["total"]["params"] == 11_689_512
    assert analysis["total"]["receptive_field"] == 435
    assert sum(layer["macs"] for layer in analysis["layers"]) == study["macs"]
    assert (analysis["batch_size"], analysis["total"]["depth"]) == (1, 18)
    assert client.get("/api/v1/case-studies/resnet-19").status_code == 404


def test_architecture_that_cannot_work_is_refused_by_its_layer(client: TestClient) -> None:
    alexnet = client.get("/api/v1/case-studies/alexnet").json()["architecture"]
    answer = client.post(
        "/api/v1/architectures/analyze", json={"architecture": alexnet, "input": [3, 8, 8]}
    )
    assert answer.status_code == 422
    assert "layer" in answer.json()["detail"]
    foreign = client.post("/api/v1/architectures/analyze", json={"architecture": {"a": 1}})
    assert foreign.status_code == 422


GIANT = {"family": "mbconv", "width": 2560, "expansion": 8}


@pytest.mark.parametrize(
    ("path", "request_", "detail"),
    [
        (
            "jobs",
            JOB | {"space": "stages", "start_from": ["alexnet"]},
            "start_from: case study 'alexnet' cannot be trained on 'digits': architecture: layer '",
        ),
        (
            "jobs",
            JOB | {"space_options": {"filters": 1024, "repeats": 20, "operations": ["conv_3x3"]}},
            "space_options: of 25 architectures of the space none can be trained on 'digits'; ",
        ),
        (
            "architectures/analyze",
            {
                "architecture": {
                    "space": "stages",
                    "stages": [{"block": GIANT, "depth": 128}] * 12,
                }
            },
            "architecture: more than 2,000,000,000 parameters, allowed: ",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_problem(
    client: TestClient, path: str, request_: dict[str, object], detail: str
) -> None:
    answer = client.post(f"/api/v1/{path}", json=request_)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_job_with_options_of_its_own_is_accepted(client: TestClient) -> None:
    job = client.post("/api/v1/jobs", json=JOB | {"space_options": {"filters": 4}})
    assert job.status_code == 201
    assert job.json()["space_options"] == {"filters": 4}


def test_memory_is_that_of_the_batch_asked_for(client: TestClient) -> None:
    request = {"architecture": resnet_18(client), "input": [3, 64, 64]}
    url = "/api/v1/architectures/analyze"
    one = client.post(url, json=request).json()
    many = client.post(url, json=request | {"batch_size": 16}).json()
    assert many["batch_size"] == 16
    peaks = [each["total"]["peak_activation_bytes"] for each in (one, many)]
    assert peaks[1] == 16 * peaks[0]
    weights = 4 * one["total"]["params"]
    assert 3 * weights < one["total"]["training_bytes"] < many["total"]["training_bytes"]
    assert one["layers"] == many["layers"]
    assert one["layers"][0]["activation_bytes"] == 4 * 64 * 32 * 32
    for wrong in (0, 1_000_001):
        refused = client.post(url, json=request | {"batch_size": wrong})
        assert refused.json()["errors"][0]["field"] == "batch_size"


def test_architecture_is_drawn(client: TestClient) -> None:
    architecture = resnet_18(client)
    answer = client.post("/api/v1/architectures/drawing", json={"architecture": architecture})
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text == draw_svg(parse_architecture(architecture))
    refused = client.post("/api/v1/architectures/drawing", json={"architecture": {"a": 1}})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    described = client.get("/api/openapi.json").json()["paths"]["/api/v1/architectures/drawing"]
    assert list(described["post"]["responses"]["200"]["content"]) == ["image/svg+xml"]


def resnet_18(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/case-studies/resnet-18").json()["architecture"]
    return found
