"""Databases that are gone for a while: a server stopped and started, a file locked by another."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import event, text

import nas.database.engine as engine_module
from nas.database import open_database, upgrade_database
from nas.database.trials import list_job_metrics
from nas.errors import DatabaseUnavailableError
from nas.settings import load_settings
from nas.status import JobStatus, TrialStatus
from tests import postgres
from tests.faults.faulty import CountingEvaluator
from tests.faults.invariants import assert_sound
from tests.faults.jobs import run_job
from tests.nas.factories import add_job, finish, new_database, new_loop, run_to_the_end
from tests.nas.test_search import proposals_of
from workers.outages import through_outages
from workers.runner import JobRunner

PATIENCE_SECONDS = 60.0


def sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres.started_server(programs) as started:
        upgrade_database(started.url)
        yield started


@contextmanager
def gone_for(server: postgres.Server, seconds: float) -> Iterator[None]:
    """Stop the server at once and start it again while the block goes on."""
    server.stop()
    timer = threading.Timer(seconds, server.start)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_search_waits_for_a_server_that_is_gone_and_nothing_is_lost(server):
    database = open_database(server.url)
    undisturbed = add_job(database, sampler="tpe", trials=6)
    run_to_the_end(new_loop(database, undisturbed, data="other"))
    job_id = add_job(database, sampler="tpe", trials=6)
    loop = new_loop(database.patient(PATIENCE_SECONDS, sleep), job_id)
    for _ in range(2):
        task = loop.next_task()
        with gone_for(server, 1.0):
            finish(loop, task)
    with gone_for(server, 1.0):
        run_to_the_end(loop)
    assert {trial.status for trial in assert_sound(database, job_id)} == {TrialStatus.COMPLETED}
    assert proposals_of(database, job_id) == proposals_of(database, undisturbed)
    database.close()


def test_search_whose_transaction_is_broken_off_goes_on_from_what_is_recorded(server, tmp_path):
    """Each third transaction that records an epoch loses its connection before its end."""
    database = open_database(server.url)
    job_id = add_job(database, sampler="tpe", trials=6, epochs=2, scheduler="asha")
    inserts = count(1)

    @event.listens_for(database.engine, "after_cursor_execute")
    def cut(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO metrics") and next(inserts) % 3 == 0:
            pid = connection.connection.driver_connection.info.backend_pid
            with other.engine.connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    other = open_database(server.url)
    patient = database.patient(PATIENCE_SECONDS, sleep)
    attempts = count()

    def attempt() -> int:
        run_job(patient, job_id, CountingEvaluator(), tmp_path)
        return next(attempts)

    def at_once(seconds: float) -> bool:
        next(attempts)
        return False

    assert through_outages(attempt, PATIENCE_SECONDS, at_once) >= 3
    assert_sound(database, job_id)
    other.close()
    database.close()


def test_search_waits_for_a_file_that_another_process_has_locked(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "_BUSY_TIMEOUT_SECONDS", 0.1)
    database = new_database(tmp_path)
    job_id = add_job(database, trials=3)
    loop = new_loop(database.patient(PATIENCE_SECONDS, sleep), job_id)
    other = sqlite3.connect(tmp_path / "nas.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(1.0, other.execute, ["COMMIT"])
    timer.start()
    with pytest.raises(DatabaseUnavailableError, match="database is locked"):
        new_loop(database, job_id).next_task()  # who has no patience is told at once
    run_to_the_end(loop)
    timer.join()
    other.close()
    assert_sound(database, job_id)
    database.close()


def test_patience_ends_after_its_time_and_as_soon_as_one_gives_up(server):
    database = open_database(server.url)
    server.stop()
    try:
        for patience, wait, least in ((0.5, sleep, 2), (3600, lambda seconds: True, 1)):
            waits: list[float] = []

            def waiting(seconds: float, wait=wait, waits=waits) -> bool:
                waits.append(seconds)
                return wait(seconds)

            with (
                pytest.raises(DatabaseUnavailableError, match=r"^database postgresql"),
                database.patient(patience, waiting).write(),
            ):
                pytest.fail("there is no database")
            assert least <= len(waits) <= 4
    finally:
        server.start()
    database.close()


def test_outage_without_end_is_raised_and_one_after_long_work_is_another():
    clock = iter([0, 1, 1, 2, 2, 700, 700, 701, 701, 1400])

    def attempt() -> None:
        raise DatabaseUnavailableError("gone")

    with pytest.raises(DatabaseUnavailableError, match="gone"):
        through_outages(attempt, 300, lambda seconds: False, lambda: next(clock, 9999))
    assert next(clock, None) is None


@pytest.mark.slow
def test_job_on_a_cluster_outlives_a_server_that_is_gone_for_a_while(server, tmp_path):
    import ray

    database = open_database(server.url)
    job_id = add_job(database, trials=2, epochs=8, final_epochs=1)
    settings = load_settings(data_dir=tmp_path, database_url=server.url, lease_seconds=60)
    runner = JobRunner(database, settings)
    runner.claim(job_id)
    statuses: list[JobStatus] = []
    thread = threading.Thread(target=lambda: statuses.append(runner.run(job_id)))
    thread.start()
    while count_epochs(database, job_id) < 3:
        time.sleep(0.1)
        assert thread.is_alive()
    with gone_for(server, 2.0):
        pass
    thread.join(timeout=200)
    assert statuses == [JobStatus.COMPLETED]
    trials = assert_sound(database, job_id)
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED}
    ray.shutdown()
    database.close()


def count_epochs(database, job_id: str) -> int:
    with database.read() as session:
        return len(list_job_metrics(session, job_id))
