from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from nas.database.jobs import (
    claim_job,
    create_job,
    find_claimable_job,
    find_job_by_idempotency_key,
    find_or_create_job,
    find_or_raise_job,
    list_jobs,
    release_job,
    renew_lease,
    request_resume,
    request_stop,
    set_job_status,
    settle_abandoned_stops,
)
from nas.errors import ConflictError, InvalidInputError, NotFoundError
from nas.representations import JobView
from nas.status import JOB_TRANSITIONS, JobStatus
from tests.nas.factories import NOON, add_job, new_spec

LEASE = timedelta(seconds=30)
SOON = NOON + timedelta(seconds=10)
LATER = NOON + timedelta(seconds=31)


@pytest.fixture
def session(database):
    with database.write() as opened:
        yield opened


def queued(session, **changes) -> str:
    return create_job(session, new_spec(**changes), NOON).id


def running(session, runner: str = "a") -> str:
    job_id = queued(session)
    claim_job(session, job_id, runner, NOON, LEASE)
    return job_id


def test_new_job_is_queued_with_a_name_and_its_spec(session):
    spec = new_spec(constraints=["params<=1234567"])
    job = create_job(session, spec, NOON)
    assert job.status is JobStatus.QUEUED
    assert job.name == "cell on digits by random"
    session.expire(job)
    assert job.spec == spec
    assert job.created_at == NOON


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": "gone"}, "space: no search space 'gone'; known: cell"),
        ({"space_options": {"operations": ["gone"]}}, "operations.0: no operation 'gone', allowed"),
        ({"dataset": "gone"}, "dataset: no data set 'gone'"),
        ({"baselines": ["gone"]}, "baselines: no baseline 'gone'"),
    ],
)
def test_job_of_a_package_that_is_gone_is_shown_and_cannot_be_run(session, change, message):
    job = create_job(session, new_spec(name="orphan"), NOON)
    job.spec_json = job.spec_json | change
    session.flush()
    (shown,) = [JobView.of(session, row) for row in list_jobs(session)]
    assert shown.name == "orphan"
    (field, value), *_ = change.items()
    assert field == "baselines" or getattr(shown, field) == value
    with pytest.raises(InvalidInputError, match=message):
        _ = job.spec


def test_claimed_job_runs_under_the_runners_lease(session):
    job = claim_job(session, queued(session), "a", NOON, LEASE)
    assert (job.status, job.runner) == (JobStatus.RUNNING, "a")
    assert job.lease_expires_at == NOON + LEASE
    assert job.started_at == NOON


def test_claimed_job_is_refused_to_others_while_the_lease_runs(session):
    job_id = running(session, "a")
    with pytest.raises(ConflictError, match=f"job {job_id} is being run by a"):
        claim_job(session, job_id, "b", SOON, LEASE)
    assert claim_job(session, job_id, "a", SOON, LEASE).lease_expires_at == SOON + LEASE


def test_silent_runner_loses_its_job_when_the_lease_is_over(session):
    job_id = running(session, "a")
    assert find_claimable_job(session, SOON) is None
    assert find_claimable_job(session, LATER).id == job_id
    job = claim_job(session, job_id, "b", LATER, LEASE)
    assert (job.runner, job.started_at) == ("b", NOON)
    with pytest.raises(ConflictError, match="was taken from a"):
        renew_lease(session, job_id, "a", LATER, LEASE)


def test_runner_known_to_be_dead_loses_its_job_at_once(session):
    job_id = running(session, "a")
    asked = []
    job = claim_job(session, job_id, "b", SOON, LEASE, lambda name: asked.append(name) or True)
    assert job.runner == "b"
    assert asked == ["a"]
    with pytest.raises(ConflictError):
        claim_job(session, job_id, "c", SOON, LEASE, lambda name: False)


def test_renewed_lease_keeps_the_job(session):
    job_id = running(session, "a")
    renew_lease(session, job_id, "a", SOON, LEASE)
    with pytest.raises(ConflictError):
        claim_job(session, job_id, "b", LATER, LEASE)


def test_oldest_waiting_job_is_claimable_first(session):
    first, second = queued(session), queued(session)
    assert find_claimable_job(session, NOON).id == min(first, second)
    claim_job(session, min(first, second), "a", NOON, LEASE)
    assert find_claimable_job(session, NOON).id == max(first, second)


def test_completed_job_can_be_neither_claimed_stopped_nor_resumed(session):
    job_id = running(session)
    release_job(find_or_raise_job(session, job_id), JobStatus.COMPLETED, SOON)
    with pytest.raises(ConflictError, match="is completed; nothing is left to run"):
        claim_job(session, job_id, "b", LATER, LEASE)
    with pytest.raises(ConflictError, match="is completed and cannot become stopped"):
        request_stop(session, job_id, LATER)
    with pytest.raises(ConflictError, match="is completed and cannot become queued"):
        request_resume(session, job_id, LATER)


def test_released_job_is_in_nobodys_hands(session):
    job_id = running(session)
    release_job(find_or_raise_job(session, job_id), JobStatus.FAILED, SOON, "no trial completed")
    job = find_or_raise_job(session, job_id)
    assert (job.runner, job.lease_expires_at) == (None, None)
    assert (job.finished_at, job.error) == (SOON, "no trial completed")
    assert find_claimable_job(session, LATER) is None


def test_job_nobody_runs_stops_at_once(session):
    job = request_stop(session, queued(session), SOON)
    assert (job.status, job.finished_at) == (JobStatus.STOPPED, SOON)


def test_running_job_stops_when_its_runner_sees_it(session):
    job_id = running(session)
    assert request_stop(session, job_id, SOON).status is JobStatus.STOPPING
    assert request_stop(session, job_id, SOON).status is JobStatus.STOPPING
    assert renew_lease(session, job_id, "a", SOON, LEASE).status is JobStatus.STOPPING
    with pytest.raises(ConflictError, match="is stopping and cannot become queued"):
        request_resume(session, job_id, SOON)


def test_job_of_a_dead_runner_stops_at_once(session):
    job_id = running(session, "a")
    job = request_stop(session, job_id, LATER)
    assert (job.status, job.finished_at) == (JobStatus.STOPPED, LATER)
    with pytest.raises(ConflictError):  # should the runner come back
        renew_lease(session, job_id, "a", LATER, LEASE)


def test_job_whose_runner_died_while_stopping_can_be_stopped_again(session):
    job_id = running(session)
    request_stop(session, job_id, SOON)
    assert request_stop(session, job_id, LATER).status is JobStatus.STOPPED


def test_stop_request_of_a_dead_runner_does_not_keep_others_from_claiming(session):
    job_id = running(session, "a")
    request_stop(session, job_id, SOON)
    assert claim_job(session, job_id, "b", LATER, LEASE).status is JobStatus.RUNNING


@pytest.mark.parametrize("status", [JobStatus.STOPPED, JobStatus.FAILED])
def test_ended_job_is_resumed_by_any_runner(session, status):
    job_id = running(session, "a")
    release_job(find_or_raise_job(session, job_id), status, SOON, "reason")
    job = request_resume(session, job_id, SOON)
    assert (job.status, job.error, job.finished_at) == (JobStatus.QUEUED, None, None)
    assert claim_job(session, job_id, "b", SOON, LEASE).started_at == NOON


def test_abandoned_job_is_resumed_and_its_late_runner_has_lost_it(session):
    job_id = running(session, "a")
    with pytest.raises(ConflictError):
        request_resume(session, job_id, SOON)
    assert request_resume(session, job_id, LATER).status is JobStatus.QUEUED
    with pytest.raises(ConflictError):
        renew_lease(session, job_id, "a", LATER, LEASE)
    assert claim_job(session, job_id, "b", LATER, LEASE).runner == "b"


@pytest.mark.parametrize("current", JobStatus)
@pytest.mark.parametrize("wanted", JobStatus)
def test_status_changes_only_as_the_table_allows(session, current, wanted):
    job = find_or_raise_job(session, queued(session))
    job.status = current
    if wanted in JOB_TRANSITIONS[current]:
        set_job_status(job, wanted)
        assert job.status is wanted
    else:
        with pytest.raises(ConflictError, match=f"is {current} and cannot become {wanted}"):
            set_job_status(job, wanted)
        assert job.status is current


def test_idempotency_key_belongs_to_one_job(database):
    with database.write() as session:
        first = create_job(session, new_spec(), NOON, idempotency_key="key").id
        create_job(session, new_spec(), NOON)
        create_job(session, new_spec(), NOON)
    with pytest.raises(IntegrityError), database.write() as session:
        create_job(session, new_spec(), NOON, idempotency_key="key")
    with database.read() as session:
        assert find_job_by_idempotency_key(session, "key").id == first
        assert find_job_by_idempotency_key(session, "other") is None
        assert len(list_jobs(session)) == 3


def test_same_idempotency_key_at_the_same_time_makes_one_job(database):
    """The second finds no job yet, waits for the first one's transaction, and gets its job."""
    found = []

    def submit() -> None:
        with database.write() as session:
            found.append(find_or_create_job(session, new_spec(), NOON, idempotency_key="key").id)

    second = threading.Thread(target=submit)
    with database.write() as session:
        first = find_or_create_job(session, new_spec(), NOON, idempotency_key="key").id
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join()
    assert found == [first]
    with (
        pytest.raises(ConflictError, match="used for a different job"),
        database.write() as session,
    ):
        find_or_create_job(session, new_spec(trials=3), NOON, idempotency_key="key")
    with database.read() as session:
        assert [job.id for job in list_jobs(session)] == [first]


def test_jobs_are_listed_newest_first_in_pages(database):
    made = sorted(add_job(database) for _ in range(5))
    with database.write() as session:
        request_stop(session, made[2], NOON)
    with database.read() as session:
        listed = [job.id for job in list_jobs(session)]
        assert listed == made[::-1]
        assert [job.id for job in list_jobs(session, limit=2)] == listed[:2]
        assert [job.id for job in list_jobs(session, before=listed[1], limit=2)] == listed[2:4]
        assert [job.id for job in list_jobs(session, statuses=[JobStatus.STOPPED])] == [made[2]]


@pytest.mark.parametrize("function", [request_stop, request_resume])
def test_unknown_job_is_not_found(session, function):
    with pytest.raises(NotFoundError, match="no job 'nope'"):
        function(session, "nope", NOON)
    with pytest.raises(NotFoundError, match="no job 'nope'"):
        claim_job(session, "nope", "a", NOON, LEASE)


def test_stop_that_a_dead_runner_did_not_carry_out_is_settled_after_its_lease(session):
    abandoned = running(session)
    request_stop(session, abandoned, SOON)
    settle_abandoned_stops(session, SOON)
    assert find_or_raise_job(session, abandoned).status is JobStatus.STOPPING
    settle_abandoned_stops(session, LATER)
    job = find_or_raise_job(session, abandoned)
    assert (job.status, job.runner, job.finished_at) == (JobStatus.STOPPED, None, LATER)
