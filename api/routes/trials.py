"""Trials and their metrics per epoch."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import DatabaseDep
from nas.database.trials import find_or_raise_trial, list_metrics
from nas.representations import MetricView, TrialView

router = APIRouter(prefix="/trials", tags=["trials"])


class MetricPage(BaseModel):
    """A trial's metrics by epoch."""

    items: list[MetricView]


@router.get("/{trial_id}")
def show(trial_id: str, database: DatabaseDep) -> TrialView:
    """Show one trial."""
    with database.read() as session:
        return TrialView.of(find_or_raise_trial(session, trial_id))


@router.get("/{trial_id}/metrics")
def metrics(trial_id: str, database: DatabaseDep) -> MetricPage:
    """List what the trial reported after each epoch."""
    with database.read() as session:
        find_or_raise_trial(session, trial_id)
        return MetricPage(items=[MetricView.of(row) for row in list_metrics(session, trial_id)])
