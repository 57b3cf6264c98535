"""A job's policy over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.parameters import JobId
from api.problems import possible
from api.reads import ReadDep
from nas.policy_view import PolicyHistory

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}/policy", response_model=PolicyHistory, responses=possible(404))
async def policy(
    job_id: JobId,
    read: ReadDep,
    after: Annotated[int, Query(ge=-1, lt=2**31, description="update seen last")] = -1,
) -> Response:
    """Show the probability of each choice per decision, entropy and baseline over time."""
    return await read(lambda session: PolicyHistory.of(session, job_id, after=after))
