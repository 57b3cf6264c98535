"""Runs a job, and others in so much more memory than that left in use: `DIRECTORY BYTES JOB…`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import psutil
import torch

from tests.faults.jobs import run_job
from tests.nas.factories import new_database
from tests.workers.training.factories import digits
from workers.training.evaluator import TrainingEvaluator
from workers.training.memory import HalvingEvaluator
from workers.trial_log import LoggedEvaluator


def main(directory: Path, more_bytes: int, job_ids: list[str]) -> None:
    torch.set_num_threads(1)
    database = new_database(directory)
    evaluator = LoggedEvaluator(HalvingEvaluator(TrainingEvaluator(digits(validation=60))))
    run_job(database, job_ids[0], evaluator, directory)  # kernels are compiled and kept
    limit = psutil.Process().memory_info().vms + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for job_id in job_ids[1:]:
        run_job(database, job_id, evaluator, directory)
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
