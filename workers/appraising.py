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
    database: Database, spec: JobSpec, problem: SearchProblem, *, on_gpu: bool
) -> Iterator[list[Appraiser]]:
    """Make an appraiser for each figure before training that the job names and needs one for.

    `on_gpu` says where trials run, and so what is timed.
    """
    if LATENCY not in spec.needed_metrics:
        yield []
        return
    from workers.latency.remote import remote_probe

    with remote_probe(
        problem.input_shape, problem.num_classes, spec.latency, on_gpu=on_gpu
    ) as probe:
        yield [new_latency_appraiser(database, problem, probe, spec.latency)]
