"""Jobs: submit, look, stop, resume, export."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.access.ownership import PrincipalDep
from api.dependencies import DatabaseDep, SettingsDep
from nas.database import Database
from nas.database.artifacts import find_or_raise_artifact, list_artifacts
from nas.database.jobs import (
    JobRow,
    create_job,
    find_job_by_idempotency_key,
    find_or_create_job,
    find_or_raise_job,
    list_jobs,
    lock_job,
    request_resume,
    request_stop,
)
from nas.database.trials import find_best_trial, find_or_raise_trial, list_trials
from nas.datasets.location import require_below
from nas.errors import ConflictError, NotFoundError
from nas.export import ExportFormat, export_from_settings
from nas.feasibility import check_feasible
from nas.ids import utc_now
from nas.job import JobSpec
from nas.quotas import require_within_quota
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


class ExportRequest(BaseModel):
    """What to export."""

    format: ExportFormat
    trial_id: str | None = Field(None, description="a trial of the job; default: the winner")


class ExportView(BaseModel):
    """The files an export made."""

    format: ExportFormat
    artifacts: list[ArtifactView]


async def _data_below_data_dir(request: Request, settings: SettingsDep) -> None:
    """Refuse a data set elsewhere on the server before anything of it is looked at."""
    try:
        body = await request.json()
    except ValueError:  # no JSON, or no UTF-8: reading the job says so
        return
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
    principal: PrincipalDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> JobView:
    """Submit a job; the same `Idempotency-Key` with the same body gives the same job."""
    with database.write() as session:
        job = _submitted(session, spec, principal.key_id, idempotency_key)
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
        return JobView.of(session, job)


def _submitted(
    session: Session, spec: JobSpec, owner: str | None, idempotency_key: str | None
) -> JobRow:
    if idempotency_key:
        earlier = find_job_by_idempotency_key(session, idempotency_key, owner)
        if earlier is None:
            require_within_quota(session, owner, new_trials=spec.trials)
        return find_or_create_job(
            session, spec, utc_now(), idempotency_key=idempotency_key, owner=owner
        )
    require_within_quota(session, owner, new_trials=spec.trials)
    return create_job(session, spec, utc_now(), owner=owner)


@router.get("")
def index(
    database: DatabaseDep,
    principal: PrincipalDep,
    status: JobStatus | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> JobPage:
    """List jobs, newest first; to a submitter, those of its key."""
    with database.read() as session:
        rows = list_jobs(
            session, status=status, owner=principal.sees_owner, before=cursor, limit=limit
        )
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
        require_within_quota(session, find_or_raise_job(session, job_id).owner_key_id, new_trials=0)
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


@router.post("/{job_id}/export", status_code=201)
async def export(
    job_id: str,
    wanted: ExportRequest,
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
) -> ExportView:
    """Export the winner, or one trial, and check the result on real images."""
    await run_in_threadpool(_require_part_of, database, job_id, wanted.trial_id)
    # In a process of its own: tracing a network would hold up every other request.
    ids = await request.app.state.torch_process.run(
        export_from_settings, settings, wanted.trial_id or job_id, wanted.format
    )
    with database.read() as session:
        views = [ArtifactView.of(find_or_raise_artifact(session, each)) for each in ids]
    return ExportView(format=wanted.format, artifacts=views)


def _require_part_of(database: Database, job_id: str, trial_id: str | None) -> None:
    with database.read() as session:
        find_or_raise_job(session, job_id)
        if trial_id is not None and find_or_raise_trial(session, trial_id).job_id != job_id:
            raise NotFoundError(f"no trial {trial_id!r}")
