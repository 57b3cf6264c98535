"""A Ray cluster that is lost while a job runs, and comes back."""

from __future__ import annotations

import time

import pytest

from nas.database.jobs import find_or_raise_job
from nas.database.trials import list_job_metrics
from nas.status import JobStatus, TrialStatus
from tests.e2e.processes import start, wait_for
from tests.faults.invariants import assert_sound
from tests.faults.ray_cluster import OWN_CLUSTER, running_head
from tests.nas.factories import add_job, new_database

EPOCHS = 6


@pytest.mark.slow
def test_job_goes_on_by_the_same_runner_when_its_cluster_is_lost_and_comes_back(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=2, epochs=EPOCHS, final_epochs=1)

    def epochs() -> int:
        with database.read() as session:
            return len(list_job_metrics(session, job_id))

    def job():
        with database.read() as session:
            return find_or_raise_job(session, job_id)

    with running_head() as head:
        worker = start(tmp_path, "worker", NAS_RAY_ADDRESS=head.address, **OWN_CLUSTER)
        try:
            wait_for(lambda: epochs() >= 2)
            holder = job().runner
            head.kill()
            before = epochs()
            time.sleep(3)
            head.start()
            wait_for(lambda: epochs() > before or job().status is not JobStatus.RUNNING)
            assert (job().status, job().runner) == (JobStatus.RUNNING, holder)
            wait_for(lambda: job().status is not JobStatus.RUNNING)
        finally:
            worker.terminate()
            _, log = worker.communicate(timeout=60)
    assert job().status is JobStatus.COMPLETED, log
    assert "Traceback" not in log
    assert "is lost" in log and "going on from what is recorded" in log
    trials = assert_sound(database, job_id)
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED}
    database.close()
