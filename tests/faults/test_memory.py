"""Memory that runs out in training: the kernel refuses it to a process with a limit."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nas.database.trials import TrialRow
from nas.errors import TrialInfeasibleError
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from tests.faults.invariants import assert_sound
from tests.faults.jobs import log_of, new_training_loop
from tests.nas.factories import add_job, new_database
from tests.workers.training.factories import digits, new_task
from workers.training.evaluator import TrainingEvaluator
from workers.training.memory import HalvingEvaluator, OutOfMemoryError, memory_errors_named

WIDE = {"blocks": 2, "filters": 16, "operations": ["conv_3x3"]}
"""A step of such a network keeps about 300 KB for each image."""

MORE_BYTES = 230 << 20
"""Holds a step of half of the 1,077 images, and not of all."""

LARGE_BLOCKS_GO_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
"""The limit counts address space; freed blocks, else kept for reuse, are to leave it."""


def run_limited(directory: Path, *job_ids: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.faults.limited_memory", directory, str(MORE_BYTES), *job_ids],
        check=True,
        env=os.environ | LARGE_BLOCKS_GO_BACK,
        timeout=200,
    )


def test_trial_goes_on_with_half_its_batch_where_memory_ends_and_only_then_is_infeasible(tmp_path):
    database = new_database(tmp_path)

    def add(batch_size: int) -> str:
        recipe = {"batch_size": batch_size}
        return add_job(database, trials=1, epochs=1, recipe=recipe, space_options=WIDE)

    def trial_of(job_id: str) -> TrialRow:
        (trial,) = assert_sound(database, job_id)
        return trial

    fitting, in_two, in_one, small, again = (add(size) for size in (540, 2048, 4096, 64, 2048))
    run_limited(tmp_path, fitting, in_two, in_one, small, again)
    assert trial_of(fitting).batch_size is None
    halved = trial_of(in_two)
    assert (halved.status, halved.batch_size) == (TrialStatus.COMPLETED, 1024)
    assert halved.recipe_json["batch_size"] == 2048
    assert 100 << 20 < halved.memory_bytes < MORE_BYTES + (100 << 20)
    log = log_of(tmp_path, in_two, halved.id)
    assert "goes on with 1024 images per step in place of 2048" in log
    infeasible = trial_of(in_one)
    assert (infeasible.status, infeasible.batch_size) == (TrialStatus.INFEASIBLE, 2048)
    assert infeasible.error.startswith("out of memory: ")
    assert "can't allocate memory" in infeasible.error
    assert "run out with 4096 images per step" in infeasible.error
    assert "did again with 2048" in infeasible.error
    assert infeasible.memory_bytes > 100 << 20
    untouched = trial_of(small)
    assert (untouched.status, untouched.batch_size) == (TrialStatus.COMPLETED, None)
    # What was trained otherwise than its recipe says is no answer to that recipe.
    assert (trial_of(again).cached_from, trial_of(again).batch_size) == (None, 1024)
    database.close()


def test_interrupted_trial_goes_on_with_the_batch_that_it_had_come_down_to(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=1, epochs=3)
    evaluator = HalvingEvaluator(TrainingEvaluator(digits(train=60, validation=30)))
    loop = new_training_loop(database, job_id, tmp_path)
    task = loop.next_task()
    reports = evaluator.evaluate(replace(task, shortage=MemoryShortage(32, 1000)))
    loop.report(task.trial_id, next(reports))
    task = new_training_loop(database, job_id, tmp_path).next_task()
    assert (task.recipe.batch_size, task.shortage) == (64, MemoryShortage(32, 1000))
    assert [(r.epoch, r.shortage.batch_size) for r in evaluator.evaluate(task)] == [
        (2, 32),
        (3, 32),
    ]
    database.close()


def test_failed_allocation_is_told_from_other_errors_and_measured():
    with (
        pytest.raises(OutOfMemoryError, match="can't allocate memory") as failure,
        memory_errors_named(),
    ):
        torch.empty(1 << 50, dtype=torch.uint8)
    assert failure.value.memory_bytes >= 1 << 50
    copied = pickle.loads(pickle.dumps(failure.value))  # as it crosses from process to process
    assert (str(copied), copied.memory_bytes) == (str(failure.value), failure.value.memory_bytes)
    with pytest.raises(RuntimeError, match="shape"), memory_errors_named():
        torch.ones(2, 3) @ torch.ones(2, 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_full_gpu_is_named_and_given_back(tmp_path):
    before = torch.cuda.memory_allocated()
    task = new_task(tmp_path, batch_size=4)
    torch.cuda.set_per_process_memory_fraction(1e-5)
    try:
        with pytest.raises(TrialInfeasibleError, match="did again with 2"):
            list(HalvingEvaluator(TrainingEvaluator(digits())).evaluate(task))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert torch.cuda.memory_allocated() == before
