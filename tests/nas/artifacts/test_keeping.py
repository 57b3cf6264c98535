"""Rows and files together: no row is without its file, whoever else is at work."""

from __future__ import annotations

import threading

import pytest

from nas.artifacts import (
    ArtifactStore,
    StoredFile,
    WeightsOwner,
    discard,
    fetch_weights,
    local_artifact,
    record_artifact,
    sweep,
)
from nas.checkpoints import keep_trial_files
from nas.database.artifacts import WEIGHTS_KIND, ArtifactRow, find_or_raise_artifact, lock_artifacts
from nas.ids import new_id
from nas.layout import WEIGHTS_NAME, final_directory, trial_directory
from tests.nas.artifacts.factories import ended_job, record, rows_left, write
from tests.nas.factories import NOON, add_job, new_database


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    return ArtifactStore(f"file://{tmp_path / 'store'}")


def test_content_that_two_rows_share_goes_with_the_last_one(database, store, tmp_path):
    job_id, file = add_job(database), write(tmp_path, "shared")
    rows = [record(database, store, file, job_id, kind="json") for _ in range(2)]
    digest = StoredFile.of(file).sha256
    for row_id, is_last in zip(rows, (False, True), strict=True):
        assert sweep(database, store) == []
        with database.write() as session:
            session.delete(find_or_raise_artifact(session, row_id))
        assert discard(database, store, digest) == is_last
        assert store.contains(digest) == (not is_last)


def test_sweep_removes_what_no_row_refers_to_and_nothing_else(database, store, tmp_path):
    job_id = add_job(database)
    kept = record(database, store, write(tmp_path, "kept"), job_id)
    orphan = store.put(write(tmp_path, "orphan"))
    assert sweep(database, store) == [orphan]
    with database.read() as session:
        assert store.contains(find_or_raise_artifact(session, kept).sha256)


def test_content_swept_between_its_put_and_its_row_is_put_again(database, store, tmp_path):
    job_id, file = add_job(database), write(tmp_path, "new")
    stored = store.put(file)
    assert sweep(database, store) == [stored]
    with database.write() as session:
        record_artifact(session, store, file, job_id=job_id, kind="json", details={})
    assert store.contains(stored.sha256)


def test_sweep_waits_for_a_row_that_is_being_written(database, store, tmp_path):
    job_id, file = add_job(database), write(tmp_path, "new")
    stored = store.put(file)
    swept: list[bool] = []
    sweeper = threading.Thread(
        target=lambda: swept.append(discard(database, store, stored.sha256)), daemon=True
    )
    with database.write() as session:
        record_artifact(session, store, file, job_id=job_id, kind="json", details={})
        session.flush()
        sweeper.start()
        sweeper.join(0.3)
        assert sweeper.is_alive()
    sweeper.join(30)
    assert swept == [False]
    assert store.contains(stored.sha256)


def test_lock_is_given_back_with_the_transaction(database):
    for _ in range(2):
        with database.write() as session:
            lock_artifacts(session)


def test_row_of_an_earlier_version_is_read_from_its_path(database, store, tmp_path):
    job_id = add_job(database)
    old = write(tmp_path / job_id / "export", "old", "model.onnx")
    with database.write() as session:
        row = ArtifactRow(
            job_id=job_id,
            kind="onnx",
            path=old.relative_to(tmp_path).as_posix(),
            size_bytes=3,
            sha256=StoredFile.of(old).sha256,
            details={},
            created_at=NOON,
        )
        session.add(row)
    assert local_artifact(store, tmp_path, row) == old
    row.path = "../outside"
    write(tmp_path.parent, "not ours", "outside")
    assert local_artifact(store, tmp_path, row) is None


def test_weights_without_a_row_are_read_where_they_were_trained(database, store, tmp_path):
    job_id = add_job(database)
    write(trial_directory(tmp_path, job_id, "t"), "trial's", WEIGHTS_NAME)
    write(final_directory(tmp_path, job_id), "winner's", WEIGHTS_NAME)
    found = []
    for trial_id in ("t", None, "none"):
        copy = tmp_path / f"copy-{trial_id}"
        owner = WeightsOwner(job_id, trial_id)
        with database.read() as session:
            is_there = fetch_weights(session, store, tmp_path, owner, copy)
        found.append(copy.read_text() if is_there else None)
    assert found == ["trial's", "winner's", None]


def test_trial_files_stay_where_they_are_if_the_store_cannot_take_them(tmp_path, caplog):
    write(tmp_path, "a file where the store's directory would be", "store")
    full = ArtifactStore(f"file://{tmp_path / 'store'}")
    database = new_database(tmp_path)
    job_id, (trial, *_) = ended_job(database)
    directory = trial_directory(tmp_path, job_id, trial.id)
    file = write(directory, "weights", WEIGHTS_NAME)
    keep_trial_files(database, full, directory, trial.id, 0)
    assert file.exists()
    assert rows_left(database, job_id) == set()
    assert f"trial {trial.number}: its files stay in {directory}" in caplog.text
    with database.read() as session:
        owner = WeightsOwner(job_id, trial.id)
        assert fetch_weights(session, full, tmp_path, owner, tmp_path / "copy")
    database.close()


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_weights_of_an_ended_trial_are_moved_into_the_store(tmp_path, kind):
    root = tmp_path / "elsewhere" if kind == "file" else new_id()
    store, database = ArtifactStore(f"{kind}://{root}"), new_database(tmp_path)
    job_id, (trial, *_) = ended_job(database)
    directory = trial_directory(tmp_path, job_id, trial.id)
    file = write(directory, "weights", WEIGHTS_NAME)
    keep_trial_files(database, store, directory, trial.id, 0)
    assert not file.exists()
    assert rows_left(database, job_id) == {(trial.id, WEIGHTS_KIND)}
    with database.read() as session:
        owner = WeightsOwner(job_id, trial.id)
        assert fetch_weights(session, store, tmp_path, owner, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "weights"
    database.close()
