"""What Prometheus scrapes: the state of all jobs, read from the database when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Header, Response
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from api.dependencies import DatabaseDep
from api.problems import possible
from nas.database import Database
from nas.database.jobs import count_jobs
from nas.database.timings import ask_times_by_sampler, total_phase_times, worker_totals
from nas.database.trials import count_all_trials
from nas.status import JobStatus, TrialStatus

router = APIRouter(tags=["health"])


class JobsCollector(Collector):
    """Turns what the database holds into metrics; runners write it there as jobs go on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Read everything in one transaction."""
        with self._database.read() as session:
            jobs, trials = count_jobs(session), count_all_trials(session)
            phases, asks = total_phase_times(session), ask_times_by_sampler(session)
            _, slot_seconds, busy_seconds = worker_totals(session)
            slots, there, busy = worker_totals(session, running_only=True)
        yield _by_status("nas_jobs", "Jobs by status.", jobs)
        yield _by_status("nas_trials", "Trials of all jobs by status.", trials)
        yield GaugeMetricFamily(
            "nas_queue_length", "Jobs that wait for a runner.", jobs[JobStatus.QUEUED]
        )
        spent = SummaryMetricFamily(
            "nas_phase_seconds",
            "Seconds per phase of trials: ask, queue, train, validate, record.",
            labels=["phase"],
        )
        for phase, each in phases.items():
            spent.add_metric([phase.value], each.count, each.seconds)
        yield spent
        asked = SummaryMetricFamily(
            "nas_sampler_ask_seconds", "Seconds that a sampler took to propose.", labels=["sampler"]
        )
        for sampler, each in asks.items():
            asked.add_metric([sampler], each.count, each.seconds)
        yield asked
        yield GaugeMetricFamily(
            "nas_worker_slots", "Trials that fit at once on the workers of running jobs.", slots
        )
        yield CounterMetricFamily(
            "nas_worker_slot_seconds", "Seconds that there was room for a trial.", slot_seconds
        )
        yield CounterMetricFamily(
            "nas_worker_busy_seconds", "Seconds that workers were at work on trials.", busy_seconds
        )
        yield GaugeMetricFamily(
            "nas_worker_utilization",
            "Busy share of the worker seconds of running jobs, since they began.",
            busy / there if there else 0.0,
        )


Counts = Mapping[JobStatus, int] | Mapping[TrialStatus, int]


def _by_status(name: str, help_: str, counts: Counts) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=["status"])
    for status, count in counts.items():
        family.add_metric([status.value], count)
    return family


@router.get(
    "/metrics",
    response_class=Response,
    responses=possible() | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(database: DatabaseDep, accept: str = Header("")) -> Response:
    """Show jobs, trials, phases and workers in Prometheus' text format, or OpenMetrics."""
    registry = CollectorRegistry()
    registry.register(JobsCollector(database))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return Response(encode(registry), media_type=content_type)
