from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from nas.database import Database, open_database
from nas.database.jobs import find_or_raise_job, list_follow_ups
from nas.database.trials import list_trials
from nas.export import ExportFormat, export
from nas.scaling.follow_up import follow_up_view
from nas.settings import load_settings
from tests.e2e.processes import run, start, wait_for
from tests.nas.scaling.factories import add_finished_job

SCALE = ["--train", "--multipliers", "1,1,10", "--multipliers", "2,1.5,12", "--no-compare"]
BRIEFLY = ["--epochs", "4", "--final-epochs", "1"]


@pytest.mark.slow
def test_killed_follow_up_resumes_trains_at_higher_resolution_and_is_exported(tmp_path: Path):
    settings = load_settings(data_dir=tmp_path)
    database = open_database(settings.database_url)
    parent = add_finished_job(database)
    process = start(tmp_path, "scale", parent, *SCALE, *BRIEFLY)
    job_id = wait_for(lambda: trained_a_little(database, parent))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with database.read() as session:
        before = {trial.id for trial in list_trials(session, job_id)}
    job = json.loads(run(tmp_path, "jobs", "resume", job_id, "--json"))
    assert (job["status"], job["trials_done"]) == ("completed", 3)
    with database.read() as session:
        view = follow_up_view(session, find_or_raise_job(session, job_id))
    shown = [view.base, *view.members]
    assert [member.resolution for member in shown] == [8, 10, 12]
    assert all(member.accuracy is not None and member.accuracy > 0.1 for member in shown)
    trained = [member.trained.trial_id for member in shown if member.trained is not None]
    assert before <= set(trained)
    exported = export(database, settings, trained[-1], ExportFormat.ONNX, tmp_path / "12.onnx")
    assert exported.details["max_abs_difference"] <= 1e-4
    database.close()


def trained_a_little(database: Database, parent: str) -> str | None:
    """Return the follow-up's id once one of its networks has been trained for an epoch."""
    with database.read() as session:
        for job in list_follow_ups(session, parent):
            if any(trial.epochs_done for trial in list_trials(session, job.id)):
                return job.id
    return None
