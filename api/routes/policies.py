"""A job's policy over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import DatabaseDep
from nas.policy_view import PolicyHistory

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}/policy")
def policy(
    job_id: str,
    database: DatabaseDep,
    after: Annotated[int, Query(ge=-1, le=2**31, description="update seen last")] = -1,
) -> PolicyHistory:
    """Show the probability of each choice per decision, entropy and baseline over time."""
    with database.read() as session:
        return PolicyHistory.of(session, job_id, after=after)
