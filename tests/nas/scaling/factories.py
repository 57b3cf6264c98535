"""Small networks that can be scaled, and finished jobs that found one."""

from __future__ import annotations

from datetime import timedelta

from nas.database import Database
from nas.database.jobs import claim_job, find_or_raise_job, release_job
from nas.scaling.network import BaseNetwork
from nas.status import JobStatus
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.nasbench201.architecture import NasBench201Architecture
from tests.nas.factories import NOON, add_job, new_loop, run_to_the_end

CELLS = NasBench201Architecture(
    operations=("nor_conv_3x3", "none", "nor_conv_1x1", "skip_connect", "none", "nor_conv_3x3"),
    cells=4,
    filters=8,
)


def small_base(divisor: int = 1) -> BaseNetwork:
    return BaseNetwork(CELLS, (1, 16, 16), 10, divisor)


def b0() -> BaseNetwork:
    study = find_or_raise_case_study("efficientnet-b0")
    return BaseNetwork(study.architecture, study.input_shape, study.num_classes)


def add_finished_job(database: Database) -> str:
    """Search cells on digits, with accuracies that need no training, and end the job."""
    job_id = add_job(
        database,
        space="nasbench201",
        space_options={"cells": 2, "filters": 4},
        trials=3,
        epochs=2,
        final_epochs=7,
    )
    run_to_the_end(new_loop(database, job_id))
    with database.write() as session:
        claim_job(session, job_id, "runner", NOON, timedelta(minutes=1))
        release_job(find_or_raise_job(session, job_id), JobStatus.COMPLETED, NOON)
    return job_id
