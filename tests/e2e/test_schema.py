"""The running server against its own description, by schemathesis with all its checks."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from nas.database import open_database
from nas.database.jobs import JobRow
from nas.settings import load_settings
from nas.status import JobStatus, TrialStatus
from tests.e2e.processes import serving
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job, new_loop, run_to_the_end

CONFIG = Path(__file__).parents[2] / "schemathesis.toml"
OPTIONS = ("--checks", "all", "--seed", "1", "--max-response-time", "60")
SECONDS = os.environ.get("NAS_SCHEMA_SECONDS", "20")
"""The time that schemathesis is given; more finds more."""


def fill(data_dir: Path) -> None:
    """Leave what requests can be about: a job that is over, a failed trial, a job that waits."""
    database = open_database(load_settings(data_dir=data_dir).database_url)
    job_id = add_job(database, trials=3, baselines=["linear"])
    run_to_the_end(new_loop(database, job_id))
    with database.write() as session:
        session.get_one(JobRow, job_id).status = JobStatus.COMPLETED
        session.add(new_trial(job_id, 3, status=TrialStatus.FAILED, error="diverged"))
    add_job(database)
    database.close()


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    program = Path(sysconfig.get_path("scripts")) / "schemathesis"
    with serving(tmp_path, "--no-runner") as client:
        url = str(client.base_url.join("/api/openapi.json"))
        found = subprocess.run(
            [program, "--config-file", CONFIG, "run", url, "--max-time", SECONDS, *OPTIONS],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 0, found.stdout[-8000:]
