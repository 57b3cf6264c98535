"""A job's front and its hypervolume over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import DatabaseDep
from nas.database.jobs import find_or_raise_job
from nas.pareto.view import ParetoView, pareto_view

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}/pareto")
def pareto(
    job_id: str,
    database: DatabaseDep,
    metrics: Annotated[
        str | None,
        Query(
            description="metrics with commas between; default: the job's objectives, beside a "
            "single one the parameters",
            examples=["accuracy,params"],
        ),
    ] = None,
) -> ParetoView:
    """Show the trials that none is better than in one metric and as good as in the rest."""
    names = None if metrics is None else [name.strip() for name in metrics.split(",")]
    with database.read() as session:
        return pareto_view(session, find_or_raise_job(session, job_id), names)
