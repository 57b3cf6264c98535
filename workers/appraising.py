"""The appraisers that a job needs, made for as long as its search runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nas.appraisal import Appraiser
from nas.database import Database
from nas.job import JobSpec
from nas.problem import SearchProblem
from workers.latency.appraiser import LATENCY, new_latency_appraiser


@contextmanager
def job_appraisers(
    database: Database, spec: JobSpec, problem: SearchProblem
) -> Iterator[list[Appraiser]]:
    """Make an appraiser for each figure before training that the job names and needs one for."""
    if LATENCY not in spec.needed_metrics:
        yield []
        return
    from workers.latency.remote import remote_probe
    from workers.tuning import gpus_per_trial

    on_gpu = gpus_per_trial(spec.resources) > 0
    with remote_probe(
        problem.input_shape, problem.num_classes, spec.latency, on_gpu=on_gpu
    ) as probe:
        yield [new_latency_appraiser(database, problem, probe, spec.latency)]
