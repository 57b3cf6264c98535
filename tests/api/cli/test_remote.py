"""The command line with NAS_API_URL set: it asks the service, and says so where it cannot."""

from __future__ import annotations

import json

import pytest

from api.cli.app import run
from nas.database.jobs import JobRow
from nas.database.trials import list_trials
from nas.layout import TRIAL_LOG_NAME, trial_directory
from nas.status import JobStatus
from tests.api.factories import listening
from tests.nas.client.test_client import run_next
from tests.nas.factories import add_job, new_loop, run_to_the_end


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    directory = tmp_path_factory.mktemp("remote")
    with listening(directory) as (url, database):
        job_id = add_job(database, name="there", trials=3)
        run_to_the_end(new_loop(database, job_id))
        with database.write() as session:
            session.get_one(JobRow, job_id).status = JobStatus.COMPLETED
            trial = list_trials(session, job_id)[0]
        logs = trial_directory(directory / "artifacts", job_id, trial.id)
        logs.mkdir(parents=True)
        (logs / TRIAL_LOG_NAME).write_text("epoch 1\n")
        yield url, database, job_id, trial.id


@pytest.fixture
def nas(served, monkeypatch, tmp_path, capsys):
    """Run a command as if its user had nothing but the service's URL."""
    monkeypatch.setenv("NAS_API_URL", served[0])
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path / "nothing-here"))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_jobs_trials_best_front_policy_and_logs_come_from_the_service(served, nas, tmp_path):
    _, _, job_id, trial_id = served
    assert [job["id"] for job in json.loads(nas("jobs", "list", "--json")[1])] == [job_id]
    assert "there" in nas("jobs", "show", job_id)[1]
    assert json.loads(nas("jobs", "config", job_id, "--json")[1])["trials"] == 3
    trials = json.loads(nas("trials", job_id, "--json")[1])
    assert [trial["number"] for trial in trials] == [0, 1, 2]
    best = json.loads(nas("best", job_id, "--json")[1])
    assert best["metrics"]["accuracy"] == max(t["metrics"]["accuracy"] for t in trials)
    assert json.loads(nas("pareto", job_id, "--json")[1])["front"]
    assert json.loads(nas("policy", job_id, "--json")[1])["items"] == []
    assert nas("logs", trial_id, "--follow")[1] == "epoch 1\n"
    assert nas("jobs", "show", "nope") == (2, "", "nas: error: nothing has the id 'nope'\n")
    assert not (tmp_path / "nothing-here").exists()


def test_search_runs_at_the_service_and_is_followed_from_here(served, nas):
    runner = run_next(served[1])
    options = "blocks=2", "filters=2", 'operations=["identity","conv_1x1","max_pool_3x3"]'
    arguments = [part for option in options for part in ("--space-option", option)]
    code, out, err = nas(
        "search", "--sampler", "random", "--trials", "2", "--epochs", "1", "--json", *arguments
    )
    runner.join()
    assert code == 0, err
    found = json.loads(out)
    assert (found["status"], found["trials"], found["exports"]) == ("completed", 2, {})
    assert found["best"]["metrics"]["accuracy"] is not None
    assert nas("jobs", "delete", found["job_id"]) == (
        0,
        f"job {found['job_id']}: all of it deleted\n",
        "",
    )
    assert nas("jobs", "show", found["job_id"])[0] == 2


def test_what_only_works_on_a_database_says_so(nas):
    code, out, err = nas("artifacts", "gc")
    assert (code, out) == (2, "")
    assert err.startswith("nas: error: NAS_API_URL is set, and this command works on a database")
    code, _, err = nas("search", "--ray-address", "auto")
    assert code == 2
    assert "the service has a cluster of its own" in err


def test_named_database_wins_over_the_service(nas, tmp_path):
    code, out, _ = nas("jobs", "list", "--json", "--db", f"sqlite:///{tmp_path / 'own.db'}")
    assert (code, json.loads(out)) == (0, [])


def test_service_that_is_not_there_is_one_line(nas, monkeypatch):
    monkeypatch.setattr("nas.client.synchronous.FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setenv("NAS_API_URL", "http://127.0.0.1:9")
    code, _, err = nas("jobs", "list")
    assert code == 2
    assert err.startswith("nas: error: service http://127.0.0.1:9: ")
    assert err.count("\n") == 1
