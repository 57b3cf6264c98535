"""A disk that is full while a trial writes, and checkpoints that something has damaged."""

from __future__ import annotations

import io
import os
import resource
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from nas.database.trials import list_metrics, list_trials
from nas.errors import TrialFailedError
from nas.layout import CHECKPOINT_NAME, WEIGHTS_NAME
from nas.status import TrialStatus
from tests.faults.invariants import assert_sound
from tests.faults.jobs import log_of, new_training_loop, run_job, run_trial
from tests.nas.factories import add_job, new_database
from tests.workers.training.factories import CPU, digits, new_task
from workers.training.checkpoint import load_checkpoint
from workers.training.evaluator import TrainingEvaluator
from workers.trial_log import LoggedEvaluator

EPOCHS = 3


@pytest.fixture(scope="module")
def evaluator() -> LoggedEvaluator:
    return LoggedEvaluator(TrainingEvaluator(digits(train=60, validation=30)))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the kernel refuse to write more into any one file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lead_to_full_device(directory: Path, name: str) -> None:
    """Let what is written in place of `name` go to a device that has no space left."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f".{name}.{os.getpid()}").symlink_to("/dev/full")


def test_trial_goes_on_without_the_checkpoint_that_the_full_disk_refuses(tmp_path, evaluator):
    task = new_task(tmp_path, epochs=EPOCHS)
    reports = evaluator.evaluate(task)
    next(reports)
    lead_to_full_device(tmp_path, CHECKPOINT_NAME)
    assert next(reports).epoch == 2
    assert load_checkpoint(tmp_path, CPU)[0]["epoch"] == 1
    log = (tmp_path / "trial.log").read_text()
    assert "no checkpoint could be written, the training goes on" in log
    assert next(reports).epoch == EPOCHS
    assert load_checkpoint(tmp_path, CPU)[0]["epoch"] == EPOCHS
    assert (tmp_path / WEIGHTS_NAME).is_file()


def test_weights_that_cannot_be_written_fail_the_trial_and_not_the_job(tmp_path, evaluator):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=2, epochs=1)
    loop = new_training_loop(database, job_id, tmp_path)
    task = loop.next_task()
    with files_of_at_most(500), pytest.raises(TrialFailedError) as failure:
        list(evaluator.evaluate(task))  # nor can its log grow any further
    loop.fail(task.trial_id, TrialStatus.FAILED, str(failure.value))
    run_trial(loop, evaluator, loop.next_task())
    first, second = assert_sound(database, job_id)
    assert first.error.startswith("its weights could not be written: ")
    assert "File too large" in first.error
    assert [path.name for path in task.directory.iterdir()] == ["trial.log"]
    assert second.status is TrialStatus.COMPLETED
    database.close()


def test_limit_on_the_size_of_files_leaves_no_half_of_one(tmp_path, evaluator):
    task = new_task(tmp_path, epochs=EPOCHS)
    reports = evaluator.evaluate(task)
    with files_of_at_most(8_000):
        assert [report.epoch for report in islice(reports, 2)] == [1, 2]
        assert [path.name for path in tmp_path.iterdir()] == ["trial.log"]
    assert next(reports).epoch == EPOCHS
    assert load_checkpoint(tmp_path, CPU)[0]["epoch"] == EPOCHS


def cut_in_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    """Change a value of the largest tensor, which torch itself would not notice."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = max(archive.infolist(), key=lambda each: each.file_size)
    lengths = content[entry.header_offset + 26 : entry.header_offset + 30]  # of name and extra
    begin = entry.header_offset + 30 + sum(struct.unpack("<HH", lengths))
    changed = bytearray(content)
    changed[begin + entry.file_size // 2] ^= 1
    return bytes(changed)


def replace_all(content: bytes) -> bytes:
    return b"no checkpoint at all" * 50


def empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [cut_in_half, flip_a_bit, replace_all, empty])
def test_trial_starts_over_from_a_damaged_checkpoint_and_no_epoch_counts_twice(
    tmp_path, evaluator, damage
):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=1, epochs=EPOCHS)
    loop = new_training_loop(database, job_id, tmp_path)
    task = loop.next_task()
    for report in islice(evaluator.evaluate(task), 2):
        loop.report(task.trial_id, report)
    with database.read() as session:
        (before,) = list_trials(session, job_id)
        curve = [(m.epoch, m.loss, m.train_seconds) for m in list_metrics(session, before.id)]
    checkpoint = task.directory / CHECKPOINT_NAME
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    run_job(database, job_id, evaluator, tmp_path)  # as the next runner does after a crash
    (trial,) = assert_sound(database, job_id)
    assert (trial.status, trial.epochs_done) == (TrialStatus.COMPLETED, EPOCHS)
    with database.read() as session:
        after = [(m.epoch, m.loss, m.train_seconds) for m in list_metrics(session, trial.id)]
    assert after[:2] == curve
    log = log_of(tmp_path, job_id, trial.id)
    assert "is corrupt and is passed over" in log
    assert log.count("epoch 1 of 3") == 2
    database.close()


def test_trial_goes_on_from_the_shorter_training_where_its_own_checkpoint_is_damaged(
    tmp_path, evaluator
):
    shorter, longer = tmp_path / "shorter", tmp_path / "longer"
    list(islice(evaluator.evaluate(new_task(shorter, epochs=EPOCHS)), 1))
    list(islice(evaluator.evaluate(new_task(longer, epochs=EPOCHS)), 2))
    (longer / CHECKPOINT_NAME).write_bytes(b"")
    task = new_task(longer, epochs=EPOCHS, recorded=2, resume_from=shorter)
    assert [report.epoch for report in evaluator.evaluate(task)] == [2, 3]
    assert f"goes on after epoch 1 from {shorter}" in (longer / "trial.log").read_text()
