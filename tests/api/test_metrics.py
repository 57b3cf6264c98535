from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_text

from api.app import create_app
from nas.database.jobs import claim_job
from nas.database.timings import add_phase_times, add_worker_times
from nas.phases import Phase, Spent
from nas.settings import load_settings
from tests.nas.factories import NOON, add_job, new_loop, run_to_the_end


@pytest.fixture
def client(database, tmp_path):
    with TestClient(create_app(database, load_settings(data_dir=tmp_path))) as client:
        yield client


def samples(text: str, read=read_text) -> dict[tuple[str, ...], float]:
    """Read what was scraped as Prometheus would; a sample's key is its name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in read(text)
        for sample in family.samples
        if sample.name.startswith("nas_")
    }


def test_empty_service_shows_every_metric_at_zero(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert found[("nas_jobs", "running")] == found[("nas_trials", "pruned")] == 0
    assert found[("nas_phase_seconds_count", "queue")] == 0
    assert (found[("nas_queue_length",)], found[("nas_worker_utilization",)]) == (0, 0)
    assert "process_cpu_seconds_total" in answer.text


def test_jobs_trials_phases_and_workers_are_counted(client, database):
    searched, _ = add_job(database, sampler="tpe", trials=3), add_job(database)
    run_to_the_end(new_loop(database, searched))
    with database.write() as session:
        claim_job(session, searched, "a", NOON, timedelta(seconds=30))
        spent = {Phase.ASK: Spent(0.5, 4), Phase.TRAIN: Spent(8.0, 3), Phase.QUEUE: Spent(1.0, 3)}
        add_phase_times(session, searched, spent)
        add_worker_times(session, searched, slots=2, slot_seconds=20.0, busy_seconds=15.0)
    found = samples(client.get("/metrics").text)
    assert found[("nas_trials", "completed")] == 3
    assert (found[("nas_jobs", "running")], found[("nas_jobs", "queued")]) == (1, 1)
    assert found[("nas_queue_length",)] == 1
    assert found[("nas_phase_seconds_sum", "train")] == 8.0
    assert found[("nas_phase_seconds_count", "queue")] == 3
    assert found[("nas_sampler_ask_seconds_sum", "tpe")] == 0.5
    assert found[("nas_sampler_ask_seconds_count", "tpe")] == 4
    assert found[("nas_worker_slots",)] == 2
    assert found[("nas_worker_busy_seconds_total",)] == 15.0
    assert found[("nas_worker_utilization",)] == 0.75


def test_openmetrics_are_given_where_they_are_asked_for(client):
    accept = "application/openmetrics-text; version=1.0.0"
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert samples(answer.text, read_open)[("nas_queue_length",)] == 0
