"""Jobs: submit, look, stop, resume, export."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.orm import Session

from api.access.ownership import PrincipalDep
from api.dependencies import DatabaseDep, SettingsDep
from api.parameters import JobId
from api.problems import possible
from api.reads import ReadDep
from nas.artifacts import open_store
from nas.database.artifacts import list_artifacts
from nas.database.jobs import (
    JobRow,
    create_job,
    find_job_by_idempotency_key,
    find_or_create_job,
    find_or_raise_job,
    request_resume,
    request_stop,
)
from nas.database.trials import find_best_trial
from nas.datasets.location import require_below
from nas.deletion import delete_job
from nas.errors import NotFoundError
from nas.feasibility import check_feasible
from nas.ids import utc_now
from nas.job import JobSpec
from nas.pages import JobPage, JobQuery, TrialPage, TrialQuery, job_page, trial_page
from nas.quotas import require_within_quota
from nas.representations import ArtifactView, JobView, TrialView
from nas.retrying import retry_failed_trials

router = APIRouter(prefix="/jobs", tags=["jobs"])


async def _data_below_data_dir(request: Request, settings: SettingsDep) -> None:
    """Refuse a data set elsewhere on the server before anything of it is looked at."""
    if not await request.body():
        return
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


@router.post("", status_code=201, responses=possible(409, 413, 415))
def submit(
    spec: Annotated[JobSpec, Depends(_feasible)],
    database: DatabaseDep,
    principal: PrincipalDep,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, description="of your choice; repeat it to try again"),
    ] = None,
) -> JobView:
    """Submit a job; the same `Idempotency-Key` with the same body gives the same job."""
    with database.write() as session:
        job = submitted(session, spec, principal.key_id, idempotency_key)
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
        return JobView.of(session, job)


def submitted(
    session: Session, spec: JobSpec, owner: str | None, idempotency_key: str | None
) -> JobRow:
    """Create a job within its owner's quota, or return the one that was made with the same key."""
    if idempotency_key:
        earlier = find_job_by_idempotency_key(session, idempotency_key, owner)
        if earlier is None:
            require_within_quota(session, owner, new_trials=spec.trials)
        return find_or_create_job(
            session, spec, utc_now(), idempotency_key=idempotency_key, owner=owner
        )
    require_within_quota(session, owner, new_trials=spec.trials)
    return create_job(session, spec, utc_now(), owner=owner)


@router.get("", response_model=JobPage, responses=possible())
async def index(
    query: Annotated[JobQuery, Query()], principal: PrincipalDep, read: ReadDep
) -> Response:
    """List jobs, newest first; to a submitter, those of its key."""
    return await read(lambda session: job_page(session, query, principal.sees_owner))


@router.get("/{job_id}", response_model=JobView, responses=possible(404))
async def show(job_id: JobId, read: ReadDep) -> Response:
    """Show one job."""
    return await read(lambda session: JobView.of(session, find_or_raise_job(session, job_id)))


@router.delete("/{job_id}", status_code=204, responses=possible(404, 409))
def delete(job_id: JobId, database: DatabaseDep, settings: SettingsDep) -> None:
    """Delete a job that is not active for good, with its trials, results, logs and files."""
    delete_job(database, open_store(settings), settings.artifact_dir, job_id)


@router.post("/{job_id}/stop", status_code=202, responses=possible(404, 409))
def stop(job_id: JobId, database: DatabaseDep) -> JobView:
    """Ask a job to stop; what it has done stays, and it can be resumed."""
    with database.write() as session:
        return JobView.of(session, request_stop(session, job_id, utc_now()))


@router.post("/{job_id}/resume", status_code=202, responses=possible(404, 409))
def resume(job_id: JobId, database: DatabaseDep) -> JobView:
    """Queue a stopped, failed or abandoned job again."""
    with database.write() as session:
        require_within_quota(session, find_or_raise_job(session, job_id).owner_key_id, new_trials=0)
        return JobView.of(session, request_resume(session, job_id, utc_now()))


@router.post("/{job_id}/retry", status_code=202, responses=possible(404, 409))
def retry(job_id: JobId, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """Put all trials that failed or ran out of memory back to pending, and queue the job."""
    with database.write() as session:
        retry_failed_trials(session, settings.artifact_dir, job_id, utc_now())
        session.flush()
        return JobView.of(session, find_or_raise_job(session, job_id))


@router.get("/{job_id}/trials", response_model=TrialPage, responses=possible(404))
async def trials(job_id: JobId, query: Annotated[TrialQuery, Query()], read: ReadDep) -> Response:
    """List a job's trials, filtered and sorted by anything that is known of them."""
    return await read(lambda session: trial_page(session, job_id, query))


@router.get("/{job_id}/best", response_model=TrialView, responses=possible(404))
async def best(job_id: JobId, read: ReadDep) -> Response:
    """Show the feasible trial with the highest reward; of several objectives the first decides."""
    return await read(lambda session: _best(session, job_id))


def _best(session: Session, job_id: str) -> TrialView:
    find_or_raise_job(session, job_id)
    row = find_best_trial(session, job_id)
    if row is None:
        raise NotFoundError(f"job {job_id} has no completed trial within its constraints yet")
    return TrialView.of(row)


@router.get("/{job_id}/artifacts", response_model=list[ArtifactView], responses=possible(404))
async def artifacts(job_id: JobId, read: ReadDep) -> Response:
    """List the files a job produced."""
    return await read(lambda session: _artifacts(session, job_id))


def _artifacts(session: Session, job_id: str) -> list[ArtifactView]:
    find_or_raise_job(session, job_id)
    return [ArtifactView.of(row) for row in list_artifacts(session, job_id)]
