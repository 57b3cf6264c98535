"""Deleting jobs and trials: what goes, what stays of others, and what never comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.artifacts import ArtifactStore, record_artifact
from nas.database.artifacts import list_artifacts
from nas.database.jobs import JobRow, find_or_raise_job, list_jobs, request_stop
from nas.database.proposals import list_proposals
from nas.database.trials import TrialRow, list_trials
from nas.deletion import delete_job, delete_trial
from nas.errors import ConflictError, NotFoundError
from nas.layout import TRIAL_LOG_NAME, trial_directory
from nas.representations import JobView
from nas.status import JobStatus, TrialStatus
from nas.trial_log import TrialLogView
from tests.nas.factories import NOON, add_job, finish, new_database, new_loop, run_to_the_end


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(f"file://{tmp_path / 'objects'}")


@pytest.fixture
def files(tmp_path):
    return tmp_path / "artifacts"


def set_status(database, job_id: str, status: JobStatus) -> None:
    with database.write() as session:
        session.get_one(JobRow, job_id).status = status


def search(database, **changes) -> str:
    """Run a job's search to its end."""
    job_id = add_job(database, **changes)
    run_to_the_end(new_loop(database, job_id))
    set_status(database, job_id, JobStatus.COMPLETED)
    return job_id


def trials_of(database, job_id: str) -> list[TrialRow]:
    with database.read() as session:
        return list(list_trials(session, job_id))


def leave_files(database, store, files: Path, trial: TrialRow) -> str:
    """Leave a log and weights, as a trial does; return the weights' digest."""
    directory = trial_directory(files, trial.job_id, trial.id)
    directory.mkdir(parents=True)
    (directory / TRIAL_LOG_NAME).write_text("trained here\n")
    weights = directory / "weights.safetensors"
    weights.write_bytes(trial.id.encode())
    with database.write() as session:
        row = record_artifact(
            session,
            store,
            weights,
            job_id=trial.job_id,
            trial_id=trial.id,
            kind="weights",
            details={},
        )
    return row.sha256


def test_deleted_job_leaves_neither_rows_nor_files(database, store, files):
    job_id, other = search(database, trials=2), add_job(database)
    digest = leave_files(database, store, files, trials_of(database, job_id)[0])
    delete_job(database, store, files, job_id)
    assert not store.contains(digest)
    assert not (files / job_id).exists()
    with database.read() as session:
        assert [job.id for job in list_jobs(session)] == [other]
        assert list_trials(session, job_id) == list_proposals(session, job_id) == []
        with pytest.raises(NotFoundError):
            find_or_raise_job(session, job_id)
    assert search(database, trials=2) != job_id


def test_active_job_is_not_deleted(database, store, files):
    job_id = add_job(database)
    with pytest.raises(ConflictError, match="is queued; stop it first"):
        delete_job(database, store, files, job_id)
    with database.write() as session:
        request_stop(session, job_id, NOON)
    delete_job(database, store, files, job_id)


@pytest.mark.parametrize("what", ["job", "trial"])
def test_evaluation_that_answered_another_job_is_left_to_it(database, store, files, what):
    job_id = search(database, trials=1)
    (source,) = trials_of(database, job_id)
    digest = leave_files(database, store, files, source)
    heirs = [search(database, trials=1) for _ in range(2)]
    assert [trials_of(database, heir)[0].cached_from for heir in heirs] == [source.id] * 2
    if what == "job":
        delete_job(database, store, files, job_id)
    else:
        delete_trial(database, store, files, source.id, NOON)
    (first,), (second,) = (trials_of(database, heir) for heir in heirs)
    assert (first.cached_from, second.cached_from) == (None, first.id)
    assert store.contains(digest)
    with database.read() as session:
        assert [each.trial_id for each in list_artifacts(session, heirs[0])] == [first.id]
        for trial in (first, second):
            assert TrialLogView.read(session, files, trial.id).text == "trained here\n"


def test_deleted_trial_is_gone_and_its_number_and_candidate_do_not_come_back(
    database, store, files
):
    job_id = add_job(database, trials=6)
    loop = new_loop(database, job_id)
    for _ in range(3):
        finish(loop, loop.next_task())
    set_status(database, job_id, JobStatus.STOPPED)
    before = trials_of(database, job_id)
    digest = leave_files(database, store, files, before[1])
    delete_trial(database, store, files, before[1].id, NOON)
    assert not store.contains(digest)
    assert [trial.number for trial in trials_of(database, job_id)] == [0, 2]
    with database.read() as session:
        told = [row.told for row in list_proposals(session, job_id)]
    run_to_the_end(new_loop(database, job_id))
    after = trials_of(database, job_id)
    assert [trial.number for trial in after] == [0, 2, 3, 4, 5]
    assert before[1].architecture_hash not in {trial.architecture_hash for trial in after}
    with database.read() as session:
        assert [row.told for row in list_proposals(session, job_id)][: len(told)] == told
        job = JobView.of(session, find_or_raise_job(session, job_id))
    assert (job.trials_done, job.trials_deleted) == (5, 1)


def test_resumed_job_proposes_what_it_would_have_without_the_deletion(database, store, files):
    kept = add_job(database, sampler="evolution", trials=8, name="kept")
    run_to_the_end(new_loop(database, kept))
    expected = [trial.architecture_hash for trial in trials_of(database, kept)]
    cut = add_job(database, sampler="evolution", trials=8, name="cut")
    loop = new_loop(database, cut, data="other data")
    for _ in range(4):
        finish(loop, loop.next_task())
    set_status(database, cut, JobStatus.STOPPED)
    delete_trial(database, store, files, trials_of(database, cut)[2].id, NOON)
    run_to_the_end(new_loop(database, cut, data="other data"))
    found = [trial.architecture_hash for trial in trials_of(database, cut)]
    assert found == expected[:2] + expected[3:]


def test_only_an_ended_trial_of_a_job_at_rest_is_deleted(database, store, files):
    job_id = add_job(database, trials=2)
    loop = new_loop(database, job_id)
    finish(loop, loop.next_task())
    running = loop.next_task().trial_id
    ended = trials_of(database, job_id)[0].id
    set_status(database, job_id, JobStatus.RUNNING)
    with pytest.raises(ConflictError, match="is running; stop it first"):
        delete_trial(database, store, files, ended, NOON)
    set_status(database, job_id, JobStatus.STOPPED)
    with pytest.raises(ConflictError, match="allowed: one that has ended"):
        delete_trial(database, store, files, running, NOON)
    with database.write() as session:
        job = session.get_one(JobRow, job_id)
        job.final_json = {"trial_id": ended, "epochs": 1, "test_accuracy": 1.0, "test_loss": 0.0}
    with pytest.raises(ConflictError, match="delete the job"):
        delete_trial(database, store, files, ended, NOON)
    with pytest.raises(NotFoundError):
        delete_trial(database, store, files, "none", NOON)
    assert {trial.status for trial in trials_of(database, job_id)} == {
        TrialStatus.COMPLETED,
        TrialStatus.RUNNING,
    }
