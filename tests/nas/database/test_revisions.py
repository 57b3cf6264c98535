from __future__ import annotations

from datetime import timedelta

from nas.database.changes import ChangeWatch
from nas.database.jobs import (
    claim_job,
    create_job,
    find_or_raise_job,
    renew_lease,
    request_stop,
)
from nas.database.trials import list_trials
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import NOON, add_job, new_loop, new_spec, run_to_the_end

LEASE = timedelta(seconds=30)


def revisions(database, job_id: str) -> tuple[int, list[int]]:
    with database.read() as session:
        job = find_or_raise_job(session, job_id)
        return job.revision, [trial.revision for trial in list_trials(session, job_id)]


def test_each_change_of_a_trial_has_a_number_of_its_own(database):
    job_id, other = add_job(database), add_job(database)
    before, _ = revisions(database, job_id)
    with database.write() as session:
        session.add_all(new_trial(job_id, number) for number in range(3))
    last, numbers = revisions(database, job_id)
    assert sorted(numbers) == [before + 1, before + 2, before + 3]
    with database.write() as session:
        list_trials(session, job_id)[0].epochs_done = 1
    assert revisions(database, job_id) == (last + 1, [last + 1, *numbers[1:]])
    assert revisions(database, other) == (before, [])


def test_lease_is_no_change_and_a_status_is_one(database):
    job_id = add_job(database)
    with database.write() as session:
        claim_job(session, job_id, "runner", NOON, LEASE)
    claimed, _ = revisions(database, job_id)
    with database.write() as session:
        renew_lease(session, job_id, "runner", NOON + LEASE, LEASE)
    assert revisions(database, job_id)[0] == claimed
    with database.write() as session:
        job = request_stop(session, job_id, NOON)
        session.flush()
        assert job.revision == claimed + 1
    assert revisions(database, job_id)[0] == claimed + 1


def test_search_numbers_all_its_changes(database):
    job_id = add_job(database, trials=3)
    run_to_the_end(new_loop(database, job_id))
    last, numbers = revisions(database, job_id)
    assert numbers == sorted(set(numbers))
    assert max(numbers) == last


def test_mark_stays_until_something_is_committed_by_anyone(database):
    watch = ChangeWatch(database)
    mark = watch.mark()
    with database.read() as session:
        list_trials(session, "none")
    assert watch.mark() == mark
    with database.write() as session:
        session.add(new_trial(create_job(session, new_spec(), NOON).id, 0))
        session.flush()
        during = watch.mark()
    after = watch.mark()
    assert after not in (mark, during)
    assert watch.mark() == after
    watch.close()
