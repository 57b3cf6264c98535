from __future__ import annotations

from pathlib import Path

import pytest

from nas.database import Database
from nas.database.jobs import claim_job, find_or_raise_job, lock_job, release_job
from nas.database.proposals import list_proposals
from nas.database.sampler_states import find_sampler_state, keep_sampler_state
from nas.database.trials import TrialRow, find_or_raise_trial
from nas.errors import ConflictError, InvalidInputError, NotFoundError
from nas.evaluation import TrialTask
from nas.layout import CHECKPOINT_NAME, final_directory
from nas.retrying import retry_failed_trials, retry_trial
from nas.search import SearchLoop
from nas.shortage import MemoryShortage
from nas.status import JobStatus, TrialStatus
from tests.faults.invariants import assert_sound
from tests.nas.factories import (
    NOON,
    accuracy_of,
    add_job,
    finish,
    new_loop,
    new_report,
    run_to_the_end,
)
from tests.nas.test_search import ONE_OPERATION, proposals_of, trials_of

LEASE = NOON - NOON.replace(hour=11)


def fail_after_an_epoch(loop: SearchLoop, task: TrialTask) -> None:
    loop.report(task.trial_id, new_report(1, accuracy_of(task.architecture)))
    loop.fail(task.trial_id, TrialStatus.FAILED, "its worker process died 3 times")


def job_with_failures(database: Database, *numbers: int, **job: object) -> str:
    """Run a job to its end, in which some trials fail after their first epoch."""
    job_id = add_job(database, **{"trials": 6, "epochs": 2} | job)
    loop = new_loop(database, job_id)
    while (task := loop.next_task()) is not None:
        (fail_after_an_epoch if task.number in numbers else finish)(loop, task)
    with database.write() as session:
        claim_job(session, job_id, "runner", NOON, LEASE)
        release_job(lock_job(session, job_id), JobStatus.COMPLETED, NOON)
    return job_id


def retry(database: Database, job_id: str, *trials: TrialRow) -> list[str]:
    with database.write() as session:
        ids = [trial.id for trial in trials]
        return [t.id for t in retry_failed_trials(session, Path("none"), job_id, NOON, ids)]


@pytest.mark.parametrize("sampler", ["random", "tpe", "rl", "nsga2"])
def test_failed_trials_are_tried_again_alone_and_the_sampler_learns_the_result(database, sampler):
    job_id = job_with_failures(database, 1, 4, sampler=sampler, space_options=ONE_OPERATION)
    before = assert_sound(database, job_id)
    retried = retry(database, job_id)
    assert retried == [before[1].id, before[4].id]
    with database.read() as session:
        assert find_or_raise_job(session, job_id).status is JobStatus.QUEUED
        told = [row.told for row in list_proposals(session, job_id)]
    assert sorted(t for t in told if t is not None) == list(range(len(told) - told.count(None)))
    tasks = run_to_the_end(new_loop(database, job_id))
    assert [(task.trial_id, task.epochs_recorded) for task in tasks] == [
        (id_, 1) for id_ in retried
    ]
    after = assert_sound(database, job_id)
    assert {trial.status for trial in after} == {TrialStatus.COMPLETED}
    unchanged = [0, 2, 3, 5]
    assert [after[n].finished_at for n in unchanged] == [before[n].finished_at for n in unchanged]
    rewards = {row[3]: row[5] for row in proposals_of(database, job_id)}
    assert all(rewards[trial.number] == trial.reward for trial in after)


@pytest.mark.parametrize("sampler", ["tpe", "rl", "evolution"])
def test_records_after_a_retry_are_those_of_a_search_whose_trial_ended_late(database, sampler):
    """All were proposed before any result, so that both searches propose the same."""
    jobs = []
    for failing in (2, None):
        job_id = add_job(database, sampler=sampler, trials=5, epochs=2)
        loop = new_loop(database, job_id, data=f"data {failing}")
        for task in [loop.next_task() for _ in range(5)]:
            if task.number == failing:
                fail_after_an_epoch(loop, task)
            elif task.number != 2:
                finish(loop, task)
        jobs.append((job_id, failing))
    retry(database, jobs[0][0])
    assert proposals_of(database, jobs[0][0]) == proposals_of(database, jobs[1][0])
    for job_id, failing in jobs:
        run_to_the_end(new_loop(database, job_id, data=f"data {failing}"))
        assert_sound(database, job_id)
    assert proposals_of(database, jobs[0][0]) == proposals_of(database, jobs[1][0])


def test_one_trial_may_be_named_and_others_stay_failed(database):
    job_id = job_with_failures(database, 1, 4)
    trials = trials_of(database, job_id)
    assert retry(database, job_id, trials[4]) == [trials[4].id]
    run_to_the_end(new_loop(database, job_id))
    statuses = [trial.status for trial in assert_sound(database, job_id)]
    assert statuses.count(TrialStatus.FAILED) == 1 and statuses[1] is TrialStatus.FAILED


def test_trial_that_ran_out_of_memory_is_tried_with_its_own_batch_again(database):
    job_id = add_job(database, trials=1)
    loop = new_loop(database, job_id)
    task = loop.next_task()
    shortage = MemoryShortage(32, 10**9)
    loop.fail(task.trial_id, TrialStatus.INFEASIBLE, "out of memory", shortage)
    (trial,) = trials_of(database, job_id)
    assert (trial.batch_size, trial.memory_bytes) == (32, 10**9)
    retry(database, job_id)
    assert new_loop(database, job_id).next_task().shortage is None


def test_kept_states_and_the_former_winners_checkpoint_are_dropped(database, tmp_path):
    job_id = job_with_failures(database, 3)
    final = final_directory(tmp_path, job_id)
    final.mkdir(parents=True)
    (final / CHECKPOINT_NAME).touch()
    with database.write() as session:
        keep_sampler_state(session, job_id, 5, b"knows of the failure")
    with database.write() as session:
        retry_failed_trials(session, tmp_path, job_id, NOON)
    with database.read() as session:
        assert find_sampler_state(session, job_id) is None
    assert not list(final.iterdir())


def test_only_what_failed_can_be_tried_again_and_only_while_nobody_runs_the_job(database):
    job_id = job_with_failures(database, 1)
    completed, failed, *_ = trials_of(database, job_id)
    with pytest.raises(InvalidInputError, match=rf"^trial: got '{completed.id}', allowed: "):
        retry(database, job_id, completed)
    with database.write() as session:
        with pytest.raises(ConflictError, match=r"is completed; allowed: one that failed or"):
            retry_trial(session, Path("none"), completed.id, NOON)
        with pytest.raises(NotFoundError):
            retry_trial(session, Path("none"), "nothing", NOON)
        assert retry_trial(session, Path("none"), failed.id, NOON).status is TrialStatus.PENDING
    with pytest.raises(ConflictError, match="has no trial that failed"):
        retry(database, job_id)
    with database.write() as session:
        find_or_raise_trial(session, failed.id).status = TrialStatus.FAILED
        claim_job(session, job_id, "runner", NOON, LEASE)
    with pytest.raises(ConflictError, match="is running; stop it, or wait for its end"):
        retry(database, job_id)
    late = NOON + 2 * LEASE
    with database.write() as session:  # its runner is dead
        retry_failed_trials(session, Path("none"), job_id, late)
        assert find_or_raise_job(session, job_id).status is JobStatus.QUEUED


def test_trial_that_was_refused_before_training_is_not_tried_again(database):
    job_id = job_with_failures(database, 1)
    failed = trials_of(database, job_id)[1]
    with database.write() as session:
        refused = find_or_raise_trial(session, failed.id)
        refused.status, refused.is_feasible = TrialStatus.INFEASIBLE, False
    with database.write() as session, pytest.raises(ConflictError, match="refused before training"):
        retry_trial(session, Path("none"), failed.id, NOON)
