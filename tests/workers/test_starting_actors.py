"""Trials far shorter than the start of an actor, on a cluster for two of them at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nas.evaluation import EpochReport, Evaluator, TrialTask
from nas.resources import Resources
from tests.nas.factories import add_job, new_database, new_loop, new_report
from workers.tuning import run_trials

pytestmark = pytest.mark.slow

WORKERS = 2


@dataclass
class Signing(Evaluator):
    """Leaves the numbers of its process and the trial in a folder, and reports soon after."""

    folder: Path

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        (self.folder / f"{os.getpid()} {task.number}").touch()
        time.sleep(0.02)
        yield new_report()


def test_each_worker_starts_once_and_does_its_part(tmp_path):
    import ray
    from ray.util import placement_group_table

    (tmp_path / "signed").mkdir()
    database = new_database(tmp_path)
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    try:
        job_id = add_job(database, trials=400, epochs=1)
        loop = new_loop(database, job_id)
        signed = tmp_path / "signed"

        def workers() -> set[str]:
            return {file.name.split()[0] for file in signed.iterdir()}

        def have_all_started() -> bool:
            return len(workers()) >= WORKERS and len(list(signed.iterdir())) >= 30

        run_trials(loop, Signing(signed), Resources(), have_all_started, places=lambda: WORKERS)
        asked_for = len(placement_group_table())
    finally:
        ray.shutdown()
        database.close()
    assert len(workers()) == WORKERS
    assert asked_for <= WORKERS + 1  # and not one for each trial
