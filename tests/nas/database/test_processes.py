"""Several real processes at one database: what they claim and what they write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from nas.database import Database
from nas.database.jobs import list_jobs
from nas.database.trials import list_metrics, list_trials
from nas.status import JobStatus, TrialStatus
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job


def run_together(database: Database, processes: int, *arguments: str) -> list[list[str]]:
    """Run the worker so many times at once and return what each printed; all must succeed."""
    url = database.engine.url.render_as_string(hide_password=False)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.nas.database.worker", url, str(number), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for process in started:  # each is ready once it has said so, and all begin at one word
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    printed = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        printed.append(json.loads(out))
    return printed


def test_processes_never_claim_the_same_job(database):
    waiting = {add_job(database) for _ in range(40)}
    claimed = run_together(database, 4, "claim")
    counts = Counter(job_id for each in claimed for job_id in each)
    assert set(counts) == waiting
    assert set(counts.values()) == {1}
    assert sum(map(bool, claimed)) > 1  # else nothing was tried at once
    with database.read() as session:
        assert {job.status for job in list_jobs(session)} == {JobStatus.RUNNING}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_eight_processes_writing_metrics_at_once_lose_nothing(database):
    job_id = add_job(database)
    with database.write() as session:
        for number in range(8):
            session.add(new_trial(job_id, number, budget=25, status=TrialStatus.RUNNING))
    run_together(database, 8, "report", job_id, "25")
    with database.read() as session:
        for trial in list_trials(session, job_id):
            metrics = list_metrics(session, trial.id)
            assert [m.epoch for m in metrics] == list(range(1, 26))
            assert [m.accuracy for m in metrics] == [epoch / 100 for epoch in range(1, 26)]
            assert (trial.epochs_done, trial.train_seconds) == (25, 25 * 0.25)
