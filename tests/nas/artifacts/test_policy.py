from __future__ import annotations

import pytest

from nas.artifacts import ArtifactStore, Collected, StoredFile, collect
from nas.database.artifacts import CHECKPOINT_KIND, FINAL_WEIGHTS_KIND, WEIGHTS_KIND
from nas.database.jobs import lock_job
from nas.database.trials import find_or_raise_trial, list_trials
from nas.errors import InvalidInputError
from nas.ids import new_id
from nas.status import JobStatus
from tests.nas.artifacts.factories import ended_job, record, rows_left, write
from tests.nas.factories import HashedLatency, add_job, new_database, new_loop, run_to_the_end


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store() -> ArtifactStore:
    return ArtifactStore(f"memory://{new_id()}")


def with_weights(database, store, directory, trials, kind=WEIGHTS_KIND):
    for trial in trials:
        file = write(directory, f"{kind} of {trial.id}")
        record(database, store, file, trial.job_id, kind, trial.id)


def by_reward(trials):
    return sorted(trials, key=lambda trial: (-trial.reward, trial.number))


def test_the_best_and_the_latest_stay_and_their_files_alone(database, store, tmp_path):
    job_id, trials = ended_job(database, trials=6)
    with_weights(database, store, tmp_path, trials)
    with_weights(database, store, tmp_path, trials, CHECKPOINT_KIND)
    gone = collect(database, store, tmp_path, keep=2)
    expected = {trial.id for trial in [*by_reward(trials)[:2], trials[-1]]}
    kinds = (WEIGHTS_KIND, CHECKPOINT_KIND)
    assert rows_left(database, job_id) == {(id_, kind) for id_ in expected for kind in kinds}
    assert gone.artifacts == gone.files == 2 * (6 - len(expected))
    assert len(list(store.list_objects())) == 2 * len(expected)


def test_dry_run_says_the_same_and_removes_nothing(database, store, tmp_path):
    job_id, trials = ended_job(database, trials=5)
    with_weights(database, store, tmp_path, trials)
    store.put(write(tmp_path, "an orphan"))
    before = rows_left(database, job_id), list(store.list_objects())
    foretold = collect(database, store, tmp_path, keep=1, dry_run=True)
    assert (rows_left(database, job_id), list(store.list_objects())) == before
    assert collect(database, store, tmp_path, keep=1) == foretold
    assert foretold.files == foretold.artifacts + 1
    assert collect(database, store, tmp_path, keep=1) == Collected(0, 0, 0)


def test_results_are_never_collected(database, store, tmp_path):
    job_id, trials = ended_job(database, trials=4)
    worst = by_reward(trials[:-1])[-1]
    results = [(FINAL_WEIGHTS_KIND, None), ("onnx", worst.id), ("templates", None)]
    for kind, trial_id in results:
        record(database, store, write(tmp_path, kind), job_id, kind, trial_id)
    assert collect(database, store, tmp_path, keep=1).artifacts == 0
    assert rows_left(database, job_id) == {(trial_id, kind) for kind, trial_id in results}


def test_content_that_a_result_shares_with_collected_weights_stays(database, store, tmp_path):
    job_id, trials = ended_job(database, trials=4)
    worst = by_reward(trials[:-1])[-1]
    with_weights(database, store, tmp_path, [t for t in trials if t.id != worst.id])
    file = write(tmp_path, "equal content")
    record(database, store, file, job_id, WEIGHTS_KIND, worst.id)
    record(database, store, file, job_id, "safetensors", worst.id)
    gone = collect(database, store, tmp_path, keep=1)
    left = rows_left(database, job_id)
    assert (worst.id, "safetensors") in left and (worst.id, WEIGHTS_KIND) not in left
    assert gone.files == gone.artifacts - 1
    assert store.contains(StoredFile.of(file).sha256)


def test_weights_stay_if_they_are_the_best_of_a_job_that_they_answered(database, store, tmp_path):
    """The first job has better ones; in the second, this trial is all there is."""
    first, trials = ended_job(database, trials=4)
    with_weights(database, store, tmp_path, trials)
    worst = by_reward(trials[:-1])[-1]
    second, (only,) = ended_job(database, trials=1)
    with database.write() as session:
        find_or_raise_trial(session, only.id).cached_from = worst.id
    collect(database, store, tmp_path, keep=1)
    assert (worst.id, WEIGHTS_KIND) in rows_left(database, first)
    assert rows_left(database, second) == set()


def test_members_of_a_front_stay_however_few_are_to_be_kept(database, store, tmp_path):
    job_id = add_job(database, trials=8, objective=["accuracy", "latency_ms"])
    run_to_the_end(new_loop(database, job_id, appraisers=[HashedLatency()]))
    with database.write() as session:
        lock_job(session, job_id).status = JobStatus.COMPLETED
        trials = list(list_trials(session, job_id))
    values = {trial.id: trial.objective_values for trial in trials}
    front = {
        id_
        for id_, mine in values.items()
        if not any(
            other != mine and all(b >= a for a, b in zip(mine, other, strict=True))
            for other in values.values()
        )
    }
    assert 1 < len(front) < 8
    with_weights(database, store, tmp_path, trials)
    collect(database, store, tmp_path, keep=1)
    left = {trial_id for trial_id, _ in rows_left(database, job_id)}
    assert left == front | {trials[-1].id}


def test_job_under_way_is_left_alone(database, store, tmp_path):
    job_id, trials = ended_job(database, trials=4)
    with_weights(database, store, tmp_path, trials)
    with database.write() as session:
        lock_job(session, job_id).status = JobStatus.RUNNING
    assert collect(database, store, tmp_path, keep=1).artifacts == 0
    assert len(rows_left(database, job_id)) == 4


def test_keeping_none_is_refused(database, store, tmp_path):
    with pytest.raises(InvalidInputError, match="--keep: got 0, allowed: 1 or more"):
        collect(database, store, tmp_path, keep=0)
