from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from nas.database import Database, open_database
from nas.database.jobs import list_follow_ups
from nas.database.trials import list_trials
from tests.e2e.processes import run, start, wait_for
from tests.nas.scaling.factories import add_finished_job

SCALE = ["--train", "--multipliers", "1,1,10", "--multipliers", "2,1.5,12", "--no-compare"]


@pytest.mark.slow
def test_killed_follow_up_resumes_trains_at_higher_resolution_and_is_exported(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'nas.db'}")
    parent = add_finished_job(database)
    epochs = ["--epochs", "8", "--final-epochs", "1"]
    process = start(tmp_path, "scale", parent, *SCALE, *epochs, "--json")
    job_id = wait_for(lambda: trained_epochs(database, parent))
    database.close()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = json.loads(run(tmp_path, "trials", job_id, "--json"))
    job = json.loads(run(tmp_path, "jobs", "resume", job_id, "--json"))
    assert (job["status"], job["trials_done"]) == ("completed", 3)
    view = json.loads(run(tmp_path, "scale", job_id, "--json"))
    shown = [view["base"], *view["members"]]
    assert [member["resolution"] for member in shown] == [8, 10, 12]
    assert all(member["trained"]["accuracy"] > 0.1 for member in shown)
    assert {trial["id"] for trial in before} <= {m["trained"]["trial_id"] for m in shown}
    largest = shown[-1]["trained"]["trial_id"]
    exported = json.loads(
        run(tmp_path, "export", largest, "--out", str(tmp_path / "largest.onnx"), "--json")
    )
    assert exported["max_abs_difference"] <= 1e-4


def trained_epochs(database: Database, parent: str) -> str | None:
    """Return the follow-up's id once one of its networks has been trained for an epoch."""
    with database.read() as session:
        for job in list_follow_ups(session, parent):
            if any(trial.epochs_done for trial in list_trials(session, job.id)):
                return job.id
    return None
