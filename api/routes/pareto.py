"""A job's front and its hypervolume over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.parameters import JobId
from api.problems import possible
from api.reads import ReadDep
from nas.database.jobs import find_or_raise_job
from nas.pareto.view import ParetoView, pareto_view

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}/pareto", response_model=ParetoView, responses=possible(404))
async def pareto(
    job_id: JobId,
    read: ReadDep,
    metrics: Annotated[
        str | None,
        Query(
            max_length=200,
            description="metrics with commas between; default: the job's objectives, beside a "
            "single one the parameters",
            examples=["accuracy,params"],
        ),
    ] = None,
) -> Response:
    """Show the trials that none is better than in one metric and as good as in the rest."""
    names = None if metrics is None else [name.strip() for name in metrics.split(",")]
    return await read(
        lambda session: pareto_view(session, find_or_raise_job(session, job_id), names)
    )
