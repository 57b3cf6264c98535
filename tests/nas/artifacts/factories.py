"""Files, rows and jobs for tests of the artefact store."""

from __future__ import annotations

from pathlib import Path

from nas.artifacts import ArtifactStore, record_artifact
from nas.database import Database
from nas.database.artifacts import WEIGHTS_KIND, list_artifacts
from nas.database.jobs import lock_job
from nas.database.trials import TrialRow, list_trials
from nas.status import JobStatus
from tests.nas.factories import add_job, new_loop, run_to_the_end


def write(directory: Path, content: str, name: str = "weights.safetensors") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def record(
    database: Database,
    store: ArtifactStore,
    file: Path,
    job_id: str,
    kind: str = WEIGHTS_KIND,
    trial_id: str | None = None,
) -> str:
    store.put(file)
    with database.write() as session:
        row = record_artifact(
            session, store, file, job_id=job_id, kind=kind, details={}, trial_id=trial_id
        )
        return row.id


def ended_job(database: Database, **job: object) -> tuple[str, list[TrialRow]]:
    """Run a job whose trials are answered at once; return its id and its trials by number."""
    job_id = add_job(database, **job)
    run_to_the_end(new_loop(database, job_id))
    with database.write() as session:
        lock_job(session, job_id).status = JobStatus.COMPLETED
        return job_id, list(list_trials(session, job_id))


def rows_left(database: Database, job_id: str) -> set[tuple[str | None, str]]:
    with database.read() as session:
        return {(row.trial_id, row.kind) for row in list_artifacts(session, job_id)}
