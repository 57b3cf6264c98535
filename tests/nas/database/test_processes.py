"""Several real processes at one database: what they claim and what they write."""

from __future__ import annotations

from collections import Counter

from nas.database.jobs import list_jobs
from nas.database.trials import list_metrics, list_trials
from nas.status import JobStatus, TrialStatus
from tests.nas.database.processes import claim, report, run_together
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job


def test_processes_never_claim_the_same_job(database):
    waiting = {add_job(database) for _ in range(60)}
    claimed = run_together(database, 6, claim)
    counts = Counter(job_id for each in claimed for job_id in each)
    assert set(counts) == waiting
    assert set(counts.values()) == {1}
    assert sum(map(bool, claimed)) > 1  # else nothing was tried at once
    with database.read() as session:
        assert {job.status for job in list_jobs(session)} == {JobStatus.RUNNING}


def test_eight_processes_writing_metrics_at_once_lose_nothing(database):
    epochs = 25
    job_id = add_job(database)
    with database.write() as session:
        for number in range(8):
            session.add(new_trial(job_id, number, budget=epochs, status=TrialStatus.RUNNING))
    assert run_together(database, 8, report, job_id, epochs) == [epochs] * 8
    with database.read() as session:
        for trial in list_trials(session, job_id):
            metrics = list_metrics(session, trial.id)
            assert [m.epoch for m in metrics] == list(range(1, epochs + 1))
            assert [m.accuracy for m in metrics] == [epoch / 100 for epoch in range(1, epochs + 1)]
            assert (trial.epochs_done, trial.train_seconds) == (epochs, epochs * 0.25)
