"""What the processes of `test_processes` do, each with a connection of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nas.database import Database, open_database
from nas.database.jobs import claim_job, find_claimable_job
from nas.database.trials import list_trials, record_epoch
from tests.nas.factories import NOON, new_report

# A server that has the imports done forks each process, so that they all begin at once.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def run_together(
    database: Database, processes: int, act: Callable[..., Any], *arguments: Any
) -> list[Any]:
    """Call `act(database, number, *arguments)` in so many processes; return what each gave."""
    url = database.engine.url.render_as_string(hide_password=False)
    barrier, results = CONTEXT.Barrier(processes), CONTEXT.Queue()
    started = [
        CONTEXT.Process(target=_run, args=(url, number, act, arguments, barrier, results))
        for number in range(processes)
    ]
    for process in started:
        process.start()
    given = [results.get(timeout=60) for _ in started]
    for process in started:
        process.join()
    return given


def _run(
    url: str, number: int, act: Callable[..., Any], arguments: Any, barrier: Any, results: Any
) -> None:
    database = open_database(url)
    barrier.wait(timeout=60)
    try:
        results.put(act(database, number, *arguments))
    except Exception as error:  # for the test to see
        results.put(error)
    database.close()


def claim(database: Database, number: int) -> list[str]:
    """Claim jobs until none is left."""
    claimed = []
    while True:
        with database.write() as session:
            job = find_claimable_job(session, NOON)
            if job is None:
                return claimed
            claim_job(session, job.id, f"runner {number}", NOON, timedelta(seconds=30))
            claimed.append(job.id)


def report(database: Database, number: int, job_id: str, epochs: int) -> int:
    """Record all epochs of one trial, each in a transaction of its own."""
    for epoch in range(1, epochs + 1):
        with database.write() as session:
            trial = list_trials(session, job_id)[number]
            assert record_epoch(session, trial, new_report(epoch, epoch / 100), NOON)
    return epochs
