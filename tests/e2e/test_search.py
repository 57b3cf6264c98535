from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import run, start, wait_for
from tests.search_spaces.packages import install

SEARCH = ["search", "--trials", "3", "--epochs", "2", "--final-epochs", "1", "--json"]
SMALL = ["--space-option", "filters=4", "--space-option", "blocks=2"]


@pytest.mark.slow
def test_search_finds_tests_and_exports_a_winner(tmp_path: Path) -> None:
    result = json.loads(run(tmp_path, *SEARCH, *SMALL, "--baselines", "linear,hog"))
    assert result["status"] == "completed"
    assert [baseline["name"] for baseline in result["baselines"]] == ["linear", "hog"]
    assert all(baseline["validation_accuracy"] > 0.9 for baseline in result["baselines"])
    assert all(baseline["test_accuracy"] > 0.9 for baseline in result["baselines"])
    assert 0 <= result["test_accuracy"] <= 1
    assert result["exports"]["onnx"]["max_abs_difference"] <= 1e-4
    trials = json.loads(run(tmp_path, "trials", result["job_id"], "--json"))
    assert [trial["status"] for trial in trials] == ["completed"] * 3
    module = result["exports"]["python"]["files"][0]
    alone = subprocess.run([sys.executable, "-I", module], capture_output=True, cwd=tmp_path)
    assert b"parameters" in alone.stdout


@pytest.mark.slow
def test_proxy_alone_evaluates_and_the_winner_is_trained(tmp_path: Path) -> None:
    result = json.loads(run(tmp_path, *SEARCH, *SMALL, "--evaluator", "proxy:naswot"))
    trials = json.loads(run(tmp_path, "trials", result["job_id"], "--json"))
    assert [(t["status"], t["epochs_done"]) for t in trials] == [("completed", 0)] * 3
    assert all(t["reward"] == t["metrics"]["score"] for t in trials)
    assert result["best"]["metrics"]["score"] == max(t["metrics"]["score"] for t in trials)
    assert result["test_accuracy"] > 0.1


@pytest.mark.slow
def test_top_of_a_supernets_ranking_is_trained_from_scratch(tmp_path: Path) -> None:
    sharing = ["--evaluator", "weight-sharing", "--sampler", "rl"]
    for option in ("epochs=2", "steps_per_epoch=3", "candidates=5"):
        sharing += ["--evaluator-option", option]
    result = json.loads(run(tmp_path, *SEARCH, *SMALL, *sharing))
    trials = json.loads(run(tmp_path, "trials", result["job_id"], "--json"))
    assert [(t["status"], t["epochs_done"]) for t in trials] == [("completed", 2)] * 3
    scores = [t["metrics"]["score"] for t in trials]
    assert scores == sorted(scores, reverse=True)
    assert result["best"]["metrics"]["accuracy"] == max(t["metrics"]["accuracy"] for t in trials)


@pytest.mark.slow
def test_killed_search_resumes_with_nothing_lost(tmp_path: Path) -> None:
    process = start(tmp_path, *SEARCH, *SMALL, "--epochs", "6")
    wait_for(lambda: running_epochs(tmp_path))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    job_id = json.loads(run(tmp_path, "jobs", "list", "--json"))[0]["id"]
    before = json.loads(run(tmp_path, "trials", job_id, "--json"))
    job = json.loads(run(tmp_path, "jobs", "resume", job_id, "--json"))
    after = json.loads(run(tmp_path, "trials", job_id, "--json"))
    assert job["status"] == "completed"
    assert [t["status"] for t in after] == ["completed"] * 3
    assert [t["id"] for t in after[: len(before)]] == [t["id"] for t in before]


@pytest.mark.slow
def test_interrupted_search_keeps_everything_and_prints_how_to_resume(tmp_path: Path) -> None:
    process = start(tmp_path, *SEARCH[:-1], *SMALL, "--epochs", "40", "--trials", "4")
    wait_for(lambda: running_epochs(tmp_path))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    job = json.loads(run(tmp_path, "jobs", "list", "--json"))[0]
    assert f"nas jobs resume {job['id']}" in out
    assert job["status"] == "stopped"
    trials = json.loads(run(tmp_path, "trials", job["id"], "--json"))
    assert {t["status"] for t in trials} <= {"pending", "completed"}
    assert any(t["epochs_done"] for t in trials)


def running_epochs(tmp_path: Path) -> bool:
    jobs = json.loads(run(tmp_path, "jobs", "list", "--json"))
    return any(
        trial["epochs_done"]
        for job in jobs
        for trial in json.loads(run(tmp_path, "trials", job["id"], "--json"))
    )


OPERATION = """
from search_spaces.cell.operations import Operation

SCALED = Operation("scaled", "a convolution of another library's making", "scaled_block:Scaled")
"""

BLOCK = """
import numpy as np
from torch import nn

class Scaled(nn.Conv2d):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__(in_channels, out_channels, int(np.int64(3)), stride, padding=1)
"""


@pytest.mark.slow
def test_winner_whose_source_cannot_be_copied_is_exported_in_the_other_formats(
    tmp_path: Path,
) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    entries = {"scaled": "scaled_operation:SCALED"}
    modules = {"scaled_operation": OPERATION, "scaled_block": BLOCK}
    install(site, "scaled", "nas.operations", entries, **modules)
    python_path = os.pathsep.join([str(site), str(Path.cwd())])
    chosen = ["--space-option", 'operations=["scaled"]', "--trials", "1", "--epochs", "1"]
    result = json.loads(run(data, *SEARCH, *SMALL, *chosen, PYTHONPATH=python_path))
    assert result["status"] == "completed"
    assert result["exports"]["onnx"]["max_abs_difference"] <= 1e-4
    assert "it uses 'numpy', allowed: torch, the standard" in result["exports"]["python"]["error"]
    other = ["export", result["job_id"], "--format", "python", "--out", str(tmp_path / "x.py")]
    process = start(data, *other, PYTHONPATH=python_path)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "Scaled cannot be copied into a standalone module: it uses 'numpy'" in err
