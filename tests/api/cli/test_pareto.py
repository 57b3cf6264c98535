from __future__ import annotations

import json

import pytest

from api.cli.app import run
from api.cli.output import console
from nas.database import open_database
from tests.nas.factories import add_job, new_loop, run_to_the_end

SPACE = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]}


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A finished search for a front, in the database that commands use."""
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(console, "width", 160)
    database = open_database(f"sqlite:///{tmp_path / 'nas.db'}")
    job_id = add_job(database, trials=12, space_options=SPACE, objective="accuracy,params")
    run_to_the_end(new_loop(database, job_id))
    database.close()
    return job_id


def test_front_is_listed_with_its_hypervolume(job, capsys):
    assert run(["pareto", job, "--json"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert run(["pareto", job]) == 0
    out = capsys.readouterr().out
    for trial in view["front"]:
        assert trial["id"] in out
        assert f"{trial['metrics']['params']:,}" in out
    assert f"12: {view['hypervolume']:.4f}" in out
    assert f"accuracy 0.1, params {view['reference']['params']:,.0f}" in out


def test_metrics_are_chosen_with_commas_between(job, capsys):
    assert run(["pareto", job, "--metrics", "accuracy,macs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == ["accuracy", "macs"]


def test_best_of_several_objectives_comes_with_the_front(job, capsys):
    assert run(["pareto", job, "--json"]) == 0
    front = json.loads(capsys.readouterr().out)["front"]
    assert run(["best", job, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == front[0]["id"]
    assert run(["best", job]) == 0
    out = capsys.readouterr().out
    assert "hypervolume after trials" in out
    assert all(trial["id"] in out for trial in front)


def test_objective_and_constraints_are_shown(job, capsys):
    assert run(["jobs", "show", job]) == 0
    assert "accuracy,params" in capsys.readouterr().out


def test_bad_metric_ends_with_one_line(job, capsys):
    assert run(["pareto", job, "--metrics", "accuracy,beauty"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "metrics: got 'beauty', allowed: accuracy" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objective", "accuracy*(depth/5)^-1"], "objective: .*cost 'depth', allowed: params"),
        (["--objective", "accuracy,beauty"], "objective: got 'beauty' among several, allowed"),
        (["--latency-option", "threads=0"], "latency.threads: "),
        (["--constraint", "beauty<=1"], "constraints.0: constraint 'beauty<=1': allowed"),
    ],
)
def test_search_refuses_an_objective_that_it_cannot_read(arguments, message, capsys):
    import re

    assert run(["search", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)
