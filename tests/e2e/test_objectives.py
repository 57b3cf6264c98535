from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.processes import run

SMALL = ["--space", "nasbench201", "--space-option", "filters=4", "--space-option", "cells=1"]


@pytest.mark.slow
def test_front_of_accuracy_and_params_is_searched_within_a_latency(tmp_path: Path) -> None:
    search = ["search", *SMALL, "--sampler", "nsga2", "--trials", "4", "--epochs", "1"]
    wanted = ["--objective", "accuracy,params", "--constraint", "latency_ms<=100"]
    result = json.loads(run(tmp_path, *search, *wanted, "--final-epochs", "1", "--json"))
    assert result["status"] == "completed"
    trials = json.loads(run(tmp_path, "trials", result["job_id"], "--json"))
    assert [trial["status"] for trial in trials] == ["completed"] * 4
    for trial in trials:
        assert 0 < trial["metrics"]["latency_ms"] <= 100
        conditions = trial["conditions"]["latency_ms"]
        assert conditions["method"] == "predicted"
        assert conditions["device_name"] and conditions["batch_size"] == 1
        metrics = trial["metrics"]
        assert trial["objective_values"] == [metrics["accuracy"], -metrics["params"]]
    shown = json.loads(run(tmp_path, "pareto", result["job_id"], "--json"))
    assert shown["hypervolume"] == max(trial["hypervolume"] for trial in trials) > 0
    assert shown["front"][0]["id"] == result["best"]["trial_id"]
