"""Compound scaling: follow-ups of jobs and trials, and what they found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.access.ownership import PrincipalDep
from api.dependencies import DatabaseDep, SettingsDep
from api.parameters import JobId, TrialId
from api.problems import possible
from api.reads import ReadDep
from api.routes.jobs import submitted
from nas.access import Principal
from nas.database import Database
from nas.database.jobs import find_or_raise_job, list_follow_ups
from nas.database.trials import find_or_raise_trial
from nas.representations import JobView
from nas.scaling.follow_up import (
    FollowUpRequest,
    follow_up_from_settings,
    follow_up_spec,
    require_follow_up,
)
from nas.scaling.view import ScalingView

router = APIRouter(tags=["scaling"])
IdempotencyKey = Annotated[str | None, Header(max_length=255)]


@router.post("/jobs/{job_id}/scale", status_code=201, responses=possible(404, 409, 413, 415))
def scale_job(
    job_id: JobId,
    wanted: FollowUpRequest,
    database: DatabaseDep,
    principal: PrincipalDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobView:
    """Submit a follow-up that trains scaled versions of the job's winner.

    First, unless coefficients are given, a small grid of them, each with phi 1; then the members
    that are asked for, scaled by the best, and single-axis networks of equal MACs beside them.
    """
    with database.read() as session:
        find_or_raise_job(session, job_id)
    return _submit(database, job_id, wanted, principal, response, idempotency_key)


@router.post("/trials/{trial_id}/scale", status_code=201, responses=possible(404, 409, 413, 415))
def scale_trial(
    trial_id: TrialId,
    wanted: FollowUpRequest,
    database: DatabaseDep,
    principal: PrincipalDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobView:
    """Submit a follow-up that trains scaled versions of a trial, as `POST /jobs/{id}/scale`."""
    with database.read() as session:
        find_or_raise_trial(session, trial_id)
    return _submit(database, trial_id, wanted, principal, response, idempotency_key)


@router.get("/jobs/{job_id}/scaling", responses=possible(404, 409))
async def scaling(
    job_id: JobId, request: Request, database: DatabaseDep, settings: SettingsDep
) -> ScalingView:
    """Show a follow-up's coefficients and networks, with the accuracies of those trained so far."""
    await run_in_threadpool(_require_follow_up, database, job_id)
    view: ScalingView = await request.app.state.torch_process.run(
        follow_up_from_settings, settings, job_id
    )
    return view


@router.get("/jobs/{job_id}/follow-ups", response_model=list[JobView], responses=possible(404))
async def follow_ups(job_id: JobId, principal: PrincipalDep, read: ReadDep) -> Response:
    """List the jobs that scale a network which this job found, newest first."""
    return await read(lambda session: _follow_ups(session, job_id, principal.sees_owner))


def _follow_ups(session: Session, job_id: str, owner: str | None) -> list[JobView]:
    find_or_raise_job(session, job_id)
    return JobView.of_many(session, list_follow_ups(session, job_id, owner=owner))


def _submit(
    database: Database,
    target_id: str,
    wanted: FollowUpRequest,
    principal: Principal,
    response: Response,
    idempotency_key: str | None,
) -> JobView:
    with database.write() as session:
        spec = follow_up_spec(session, target_id, wanted)
        job = submitted(session, spec, principal.key_id, idempotency_key)
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
        return JobView.of(session, job)


def _require_follow_up(database: Database, job_id: str) -> None:
    with database.read() as session:
        require_follow_up(find_or_raise_job(session, job_id))
