"""The winner's training, with what may happen to it; on a real cluster where processes die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
import torch

from nas.errors import TrialFailedError, TrialInfeasibleError
from tests.workers.training.factories import digits, new_task
from workers.cluster import ensure_ray
from workers.placement import TrialShare
from workers.retraining import retrain
from workers.training.acceleration import DEFAULT_ACCELERATION
from workers.training.evaluator import FinalTraining
from workers.training.memory import memory_errors_named, with_half_batches

EPOCHS = 3
SHARE = TrialShare(cpus=1.0, gpus=0.0)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray

    ensure_ray(None)
    yield
    ray.shutdown()


def few():
    return digits(train=60, validation=30)


def those_that_train() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [each for each in children if "FinalTraining" in " ".join(each.cmdline())]


@pytest.mark.slow
def test_winner_whose_worker_is_killed_goes_on_and_ends_as_it_would_have(tmp_path, cluster):
    calm = [*FinalTraining(few()).run(new_task(tmp_path / "calm", epochs=EPOCHS))]
    task, epochs = new_task(tmp_path / "killed", epochs=EPOCHS), []
    for progress in retrain(few(), task, SHARE, DEFAULT_ACCELERATION):
        epochs.append(progress.epoch)
        if epochs == [1]:
            (victim,) = those_that_train()
            os.kill(victim.pid, signal.SIGKILL)
    assert epochs == [1, 2, 3, 3]
    assert progress.test.loss == pytest.approx(calm[-1].test.loss, rel=1e-3)  # other threads


@pytest.mark.slow
def test_epoch_of_the_winner_that_takes_too_long_is_ended(tmp_path, cluster):
    task = new_task(tmp_path, epochs=EPOCHS)
    with pytest.raises(TrialFailedError, match=r"training timed out after 0.01 s without an epoch"):
        list(retrain(few(), task, SHARE, DEFAULT_ACCELERATION, timeout_seconds=0.01))


@pytest.mark.slow
def test_winner_that_cannot_be_trained_says_why(tmp_path, cluster):
    task = new_task(tmp_path / "no" / "directory", epochs=EPOCHS)
    (tmp_path / "no").write_text("a file where a directory is to be")
    with pytest.raises(TrialFailedError, match="could not be written: NotADirectoryError"):
        list(retrain(few(), task, SHARE, DEFAULT_ACCELERATION))


def test_winner_goes_on_with_half_its_batch_where_memory_ends_and_no_further(tmp_path):
    def train(task, most):
        with memory_errors_named():
            if task.recipe.batch_size > most:
                torch.empty(1 << 50, dtype=torch.uint8)
            yield from FinalTraining(few()).run(task)

    task = new_task(tmp_path, epochs=1, batch_size=64)
    *_, tested = with_half_batches(lambda task: train(task, 32), task)
    assert tested.test is not None and tested.shortage.batch_size == 32
    with pytest.raises(TrialInfeasibleError, match="did again with 32"):
        list(with_half_batches(lambda task: train(task, 16), task))
