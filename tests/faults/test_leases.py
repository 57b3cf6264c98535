"""Two runners of one job: the one whose lease ran out unnoticed writes nothing any more."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from nas.database.jobs import claim_job, find_or_raise_job, require_runner
from nas.database.trials import list_job_metrics
from nas.errors import JobTakenError
from tests.faults.invariants import assert_sound
from tests.nas.factories import NOON, add_job, finish, new_loop, new_report, run_to_the_end

LEASE = timedelta(seconds=30)
LATER = NOON + timedelta(seconds=31)


def held_by(database, job_id: str, runner: str):
    return database.guarded(lambda session: require_runner(session, job_id, runner))


def claim(database, job_id: str, runner: str, now) -> None:
    with database.write() as session:
        claim_job(session, job_id, runner, now, LEASE)


def test_runner_that_was_away_for_longer_than_its_lease_records_nothing(database):
    job_id = add_job(database, trials=4, epochs=2)
    claim(database, job_id, "a", NOON)
    first = new_loop(held_by(database, job_id, "a"), job_id)
    finish(first, first.next_task())
    task = first.next_task()
    claim(database, job_id, "b", LATER)
    with pytest.raises(JobTakenError, match=f"job {job_id} was taken from a"):
        first.report(task.trial_id, new_report(1))
    with pytest.raises(JobTakenError):
        first.next_task()
    with database.read() as session:
        assert len(list_job_metrics(session, job_id)) == 2
    run_to_the_end(new_loop(held_by(database, job_id, "b"), job_id))
    assert len(assert_sound(database, job_id)) == 4


def test_job_is_not_taken_between_the_look_and_the_end_of_what_is_written(database):
    job_id = add_job(database)
    claim(database, job_id, "a", NOON)
    started, claimed = threading.Event(), threading.Event()

    def take() -> None:
        started.wait()
        claim(database, job_id, "b", LATER)
        claimed.set()

    other = threading.Thread(target=take)
    other.start()
    with held_by(database, job_id, "a").write() as session:
        started.set()
        assert not claimed.wait(0.5)
        assert find_or_raise_job(session, job_id).runner == "a"
    other.join()
    with pytest.raises(JobTakenError), held_by(database, job_id, "a").write():
        pytest.fail("it is in other hands")
