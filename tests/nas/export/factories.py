"""A job whose winner is really trained, in this process and within seconds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from nas.artifacts import open_store
from nas.database import Database, open_database
from nas.database.jobs import claim_job, find_or_raise_job, release_job
from nas.datasets import find_or_raise_dataset
from nas.settings import Settings, load_settings
from nas.status import JobStatus
from tests.nas.factories import NOON, add_job, new_loop, run_to_the_end
from workers.final import JobFinal
from workers.training.evaluator import FinalTraining

_LEASE = timedelta(minutes=1)


def settings_in(directory: Path) -> Settings:
    return load_settings(data_dir=directory)


def winner_of(database: Database, directory: Path, job_id: str) -> JobFinal:
    settings = settings_in(directory)
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
    return JobFinal(database, open_store(settings), settings.artifact_dir, job_id, spec)


def retrain(database: Database, directory: Path, job_id: str) -> None:
    data = find_or_raise_dataset("digits").load()
    winner = winner_of(database, directory, job_id)
    winner.train(FinalTraining(data).run, lambda: False)


def ended_job(directory: Path, **changes: Any) -> tuple[Database, str]:
    """Return a completed job on a new database; its trials are scored by hash, its winner trained.

    Beside the winner no trial has weights.
    """
    database = open_database(settings_in(directory).database_url)
    job_id = add_job(database, **{"trials": 2, "final_epochs": 2, **changes})
    with database.write() as session:
        claim_job(session, job_id, "tests", NOON, _LEASE)
    run_to_the_end(new_loop(database, job_id))
    retrain(database, directory, job_id)
    with database.write() as session:
        release_job(find_or_raise_job(session, job_id), JobStatus.COMPLETED, NOON)
    return database, job_id
