"""A process of `test_processes`: waits for a word, does its share, prints what came of it."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

from nas.database import Database, open_database
from nas.database.jobs import claim_job, find_claimable_job
from nas.database.trials import list_trials, record_epoch
from tests.nas.factories import NOON, new_report


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


def report(database: Database, number: int, job_id: str, epochs: str) -> list[str]:
    """Record all epochs of one trial, each in a transaction of its own."""
    for epoch in range(1, int(epochs) + 1):
        with database.write() as session:
            trial = list_trials(session, job_id)[number]
            assert record_epoch(session, trial, new_report(epoch, epoch / 100), NOON)
    return []


def main(url: str, number: str, what: str, *arguments: str) -> None:
    database = open_database(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    act = {"claim": claim, "report": report}[what]
    sys.stdout.write(json.dumps(act(database, int(number), *arguments)))
    database.close()


main(*sys.argv[1:])
