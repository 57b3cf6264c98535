from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import run, serving, wait_for

JOB = {
    "name": "over HTTP",
    "space": "cell",
    "space_options": {"filters": 4, "blocks": 2},
    "sampler": "rl",
    "dataset": "digits",
    "trials": 3,
    "epochs": 1,
    "final_epochs": 1,
}

RUN_THE_MODULE = """
import sys, torch
sys.path.insert(0, sys.argv[1])
import model
loaded = model.load(sys.argv[2])
print(tuple(loaded(torch.rand(2, 1, 8, 8)).shape))
assert not {"nas", "search_spaces"} & set(sys.modules)
"""


@pytest.mark.slow
def test_job_submitted_over_http_completes_and_its_winner_is_downloaded(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as client:
        answer = client.post("/api/v1/jobs", json=JOB)
        assert answer.status_code == 201
        url = answer.headers["Location"]
        job = wait_for(lambda: ended(client, url))
        assert job["status"] == "completed", job["error"]
        trials = client.get(f"{url}/trials").json()["items"]
        assert [t["status"] for t in trials] == ["completed"] * 3
        best = client.get(f"{url}/best").json()
        assert best["metrics"]["accuracy"] == max(t["metrics"]["accuracy"] for t in trials)
        assert 0 <= job["test_accuracy"] <= 1
        metrics = client.get(f"/api/v1/trials/{best['id']}/metrics").json()["items"]
        assert [m["epoch"] for m in metrics] == [1]
        onnx = exported(client, url, "onnx")[0]
        assert onnx["details"]["max_abs_difference"] <= 1e-4
        assert onnx["details"]["test_accuracy"] == pytest.approx(job["test_accuracy"])
        module, weights = (
            download(client, each, tmp_path) for each in exported(client, url, "python")
        )
        assert client.get("/").status_code == 200
    shape = subprocess.run(
        [sys.executable, "-c", RUN_THE_MODULE, str(module.parent), str(weights)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shape.stdout.strip() == "(2, 10)"


@pytest.mark.slow
def test_running_job_is_stopped_over_http_and_resumed_on_the_command_line(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        url = client.post("/api/v1/jobs", json=JOB | {"epochs": 60}).headers["Location"]
        wait_for(lambda: any(t["epochs_done"] for t in client.get(f"{url}/trials").json()["items"]))
        assert client.post(f"{url}/stop").status_code == 202
        job = wait_for(lambda: ended(client, url))
        assert job["status"] == "stopped"
        before = client.get(f"{url}/trials").json()["items"]
    resumed = json.loads(run(tmp_path, "jobs", "resume", job["id"], "--json"))
    assert resumed["status"] == "completed"
    after = json.loads(run(tmp_path, "trials", job["id"], "--json"))
    assert [t["id"] for t in after[: len(before)]] == [t["id"] for t in before]
    assert [t["epochs_done"] for t in after] == [60] * 3


def ended(client: httpx.Client, url: str) -> dict[str, Any] | None:
    job: dict[str, Any] = client.get(url).json()
    return job if job["status"] in ("completed", "failed", "stopped") else None


def exported(client: httpx.Client, url: str, export_format: str) -> list[dict[str, Any]]:
    answer = client.post(f"{url}/export", json={"format": export_format})
    assert answer.status_code == 201, answer.text
    artifacts: list[dict[str, Any]] = answer.json()["artifacts"]
    return artifacts


def download(client: httpx.Client, artifact: dict[str, Any], directory: Path) -> Path:
    content = client.get(f"/api/v1/artifacts/{artifact['id']}").content
    assert hashlib.sha256(content).hexdigest() == artifact["sha256"]
    path = directory / artifact["name"]
    path.write_bytes(content)
    return path
