"""Jobs: submit, look, stop, resume."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from api.dependencies import DatabaseDep, SettingsDep
from nas.database.artifacts import list_artifacts
from nas.database.jobs import (
    create_job,
    find_or_create_job,
    find_or_raise_job,
    list_jobs,
    lock_job,
    request_resume,
    request_stop,
)
from nas.database.trials import find_best_trial, list_trials
from nas.datasets.location import require_below
from nas.errors import ConflictError, NotFoundError
from nas.feasibility import check_feasible
from nas.ids import utc_now
from nas.job import JobSpec
from nas.representations import ArtifactView, JobView, TrialView
from nas.retrying import retry_failed_trials
from nas.status import JobStatus, TrialStatus

router = APIRouter(prefix="/jobs", tags=["jobs"])
Limit = Annotated[int, Query(ge=1, le=200, description="rows per page")]


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[JobView]
    next_cursor: str | None = Field(description="pass as `cursor` for the next page")


class TrialPage(BaseModel):
    """A job's trials by number."""

    items: list[TrialView]
    next_cursor: str | None = Field(description="pass as `cursor` for the next page")


async def _data_below_data_dir(request: Request, settings: SettingsDep) -> None:
    """Refuse a data set elsewhere on the server before anything of it is looked at."""
    body = await request.json()
    name = body.get("dataset") if isinstance(body, dict) else None
    if isinstance(name, str):
        require_below(name, settings.data_dir)


async def _feasible(
    spec: JobSpec, request: Request, _: Annotated[None, Depends(_data_below_data_dir)]
) -> JobSpec:
    """Check what a job names of its own; this needs torch, hence a process beside the server."""
    if spec.start_from or spec.space_options:
        await request.app.state.torch_process.run(check_feasible, spec)
    return spec


@router.post("", status_code=201)
def submit(
    spec: Annotated[JobSpec, Depends(_feasible)],
    database: DatabaseDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> JobView:
    """Submit a job; the same `Idempotency-Key` with the same body gives the same job."""
    with database.write() as session:
        if idempotency_key:
            job = find_or_create_job(session, spec, utc_now(), idempotency_key=idempotency_key)
        else:
            job = create_job(session, spec, utc_now())
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
        return JobView.of(session, job)


@router.get("")
def index(
    database: DatabaseDep,
    status: JobStatus | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> JobPage:
    """List jobs, newest first."""
    with database.read() as session:
        rows = list_jobs(session, status=status, before=cursor, limit=limit)
        items = [JobView.of(session, row) for row in rows]
    return JobPage(items=items, next_cursor=items[-1].id if len(items) == limit else None)


@router.get("/{job_id}")
def show(job_id: str, database: DatabaseDep) -> JobView:
    """Show one job."""
    with database.read() as session:
        return JobView.of(session, find_or_raise_job(session, job_id))


@router.delete("/{job_id}", status_code=204)
def delete(job_id: str, database: DatabaseDep) -> None:
    """Delete a job that is not active, with its trials."""
    with database.write() as session:
        job = lock_job(session, job_id)
        if job.status.is_active:
            raise ConflictError(f"job {job_id} is {job.status}; stop it first")
        session.delete(job)


@router.post("/{job_id}/stop", status_code=202)
def stop(job_id: str, database: DatabaseDep) -> JobView:
    """Ask a job to stop; what it has done stays, and it can be resumed."""
    with database.write() as session:
        return JobView.of(session, request_stop(session, job_id, utc_now()))


@router.post("/{job_id}/resume", status_code=202)
def resume(job_id: str, database: DatabaseDep) -> JobView:
    """Queue a stopped, failed or abandoned job again."""
    with database.write() as session:
        return JobView.of(session, request_resume(session, job_id, utc_now()))


@router.post("/{job_id}/retry", status_code=202)
def retry(job_id: str, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """Put all trials that failed or ran out of memory back to pending, and queue the job."""
    with database.write() as session:
        retry_failed_trials(session, settings.artifact_dir, job_id, utc_now())
        session.flush()
        return JobView.of(session, find_or_raise_job(session, job_id))


@router.get("/{job_id}/trials")
def trials(
    job_id: str,
    database: DatabaseDep,
    status: TrialStatus | None = None,
    cursor: Annotated[int | None, Query(ge=0, le=2**31)] = None,
    limit: Limit = 50,
) -> TrialPage:
    """List a job's trials by number."""
    with database.read() as session:
        find_or_raise_job(session, job_id)
        rows = list_trials(session, job_id, status=status, after=cursor, limit=limit)
        items = [TrialView.of(row) for row in rows]
    return TrialPage(
        items=items, next_cursor=str(items[-1].number) if len(items) == limit else None
    )


@router.get("/{job_id}/best")
def best(job_id: str, database: DatabaseDep) -> TrialView:
    """Show the feasible trial with the highest reward; of several objectives the first decides."""
    with database.read() as session:
        find_or_raise_job(session, job_id)
        row = find_best_trial(session, job_id)
        if row is None:
            raise NotFoundError(f"job {job_id} has no completed trial within its constraints yet")
        return TrialView.of(row)


@router.get("/{job_id}/artifacts")
def artifacts(job_id: str, database: DatabaseDep) -> list[ArtifactView]:
    """List the files a job produced."""
    with database.read() as session:
        find_or_raise_job(session, job_id)
        return [ArtifactView.of(row) for row in list_artifacts(session, job_id)]
