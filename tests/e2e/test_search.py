from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SEARCH = ["search", "--trials", "3", "--epochs", "2", "--final-epochs", "1", "--json"]
SMALL = ["--space-option", "filters=4", "--space-option", "blocks=2"]


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments],
        env=os.environ | {"NAS_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(tmp_path: Path, *arguments: str) -> str:
    process = start(tmp_path, *arguments)
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
def test_search_finds_tests_and_exports_a_winner(tmp_path: Path) -> None:
    result = json.loads(run(tmp_path, *SEARCH, *SMALL))
    assert result["status"] == "completed"
    assert 0 <= result["test_accuracy"] <= 1
    assert result["exports"]["onnx"]["max_abs_difference"] <= 1e-4
    trials = json.loads(run(tmp_path, "trials", result["job_id"], "--json"))
    assert [trial["status"] for trial in trials] == ["completed"] * 3
    module = result["exports"]["python"]["files"][0]
    alone = subprocess.run([sys.executable, "-I", module], capture_output=True, cwd=tmp_path)
    assert b"parameters" in alone.stdout


@pytest.mark.slow
def test_killed_search_resumes_with_nothing_lost(tmp_path: Path) -> None:
    process = start(tmp_path, *SEARCH, *SMALL, "--epochs", "6")
    deadline = time.monotonic() + 120
    trials: list[dict[str, object]] = []
    while not any(t["epochs_done"] for t in trials) and time.monotonic() < deadline:
        jobs = json.loads(run(tmp_path, "jobs", "list", "--json"))
        if jobs:
            trials = json.loads(run(tmp_path, "trials", jobs[0]["id"], "--json"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    job_id = json.loads(run(tmp_path, "jobs", "list", "--json"))[0]["id"]
    before = json.loads(run(tmp_path, "trials", job_id, "--json"))
    job = json.loads(run(tmp_path, "jobs", "resume", job_id, "--json"))
    after = json.loads(run(tmp_path, "trials", job_id, "--json"))
    assert job["status"] == "completed"
    assert [t["status"] for t in after] == ["completed"] * 3
    assert [t["id"] for t in after[: len(before)]] == [t["id"] for t in before]
