"""docker-compose.yml at work: its services as processes, and a job through all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from deploy.as_processes import Stack, running
from deploy.compose_file import ComposeError
from tests import postgres
from tests.e2e.processes import wait_for
from tests.e2e.test_server import JOB, download, ended, exported

PASSWORD = "only-for-this-test"


@pytest.fixture
def stack() -> Any:
    if postgres.find_programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI must not pass without it")
        pytest.skip("PostgreSQL is not installed")
    with (
        TemporaryDirectory(prefix="up") as directory,  # short: Ray's sockets lie in it
        running(Path(directory), {"POSTGRES_PASSWORD": PASSWORD}) as started,
    ):
        yield started


@pytest.mark.slow
def test_services_of_the_compose_file_run_a_job_together(stack: Stack, tmp_path: Path) -> None:
    with httpx.Client(base_url=stack.api_url, timeout=120) as client:
        url = client.post("/api/v1/jobs", json=JOB).headers["Location"]
        trial = wait_for(lambda: client.get(f"{url}/trials").json()["items"])[0]["id"]
        followed = client.get(f"/api/v1/trials/{trial}/log/events").text
        assert "epoch 1 of 1: accuracy" in followed
        assert followed.rsplit("event: ", 1)[1].startswith("end")
        job = wait_for(lambda: ended(client, url))
        assert job["status"] == "completed", job["error"]
        assert exported(client, url, "json")
        artifacts = client.get(f"{url}/artifacts").json()
        assert sorted(each["kind"] for each in artifacts) == [
            "final-weights",
            "json",
            "weights",
            "weights",
            "weights",
        ]
        for artifact in artifacts:
            download(client, artifact, tmp_path)
        check_metrics(client.get("/metrics").text)
    check_log(stack.log("runner"), job["id"], trial)
    assert stack.processes["migrate"].returncode == 0
    for name in ("api", "ray-head", "ray-worker", "runner"):
        assert stack.processes[name].poll() is None, f"{name}: {stack.log(name)}"
        assert PASSWORD not in stack.log(name)


def check_metrics(text: str) -> None:
    metrics = dict(line.rsplit(" ", 1) for line in text.splitlines())
    assert float(metrics['nas_trials{status="completed"}']) == 3
    for phase in ("ask", "queue", "train", "validate", "record"):
        assert float(metrics[f'nas_phase_seconds_sum{{phase="{phase}"}}']) > 0, phase
        assert float(metrics[f'nas_phase_seconds_count{{phase="{phase}"}}']) >= 3, phase
    share = float(metrics["nas_worker_busy_seconds_total"]) / float(
        metrics["nas_worker_slot_seconds_total"]
    )
    assert 0 < share <= 1


def check_log(log: str, job_id: str, trial_id: str) -> None:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (completed,) = [line for line in lines if line["message"] == f"job {job_id}: completed"]
    assert completed["job_id"] == job_id
    of_trial = [line for line in lines if line.get("trial_id") == trial_id]
    assert [(line["message"], line["job_id"]) for line in of_trial] == [
        ("trial 0: completed", job_id)
    ]
    # Before that, `ray start` may have given up on a busy machine, and the service begun anew.
    assert "Traceback" not in log[log.index('{"') :]


def test_password_has_to_be_set(tmp_path: Path) -> None:
    with (
        pytest.raises(ComposeError, match="POSTGRES_PASSWORD: set POSTGRES_PASSWORD"),
        running(tmp_path, {}),
    ):
        pass
