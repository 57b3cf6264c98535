"""Trials, their metrics per epoch, and their logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.dependencies import DatabaseDep, SettingsDep
from nas.database.trials import find_or_raise_trial, list_metrics
from nas.ids import utc_now
from nas.representations import MetricView, TrialView
from nas.retrying import retry_trial
from nas.trial_log import PART_BYTES, SMALLEST_PART_BYTES, TrialLogView

router = APIRouter(prefix="/trials", tags=["trials"])
_LOOK_SECONDS = 0.5
Limit = Annotated[int, Query(ge=SMALLEST_PART_BYTES, le=2**24, description="bytes at most")]
Offset = Annotated[int, Query(ge=0, le=2**62, description="byte to begin at")]


class MetricPage(BaseModel):
    """A trial's metrics by epoch."""

    items: list[MetricView]


@router.get("/{trial_id}")
def show(trial_id: str, database: DatabaseDep) -> TrialView:
    """Show one trial."""
    with database.read() as session:
        return TrialView.of(find_or_raise_trial(session, trial_id))


@router.post("/{trial_id}/retry", status_code=202)
def retry(trial_id: str, database: DatabaseDep, settings: SettingsDep) -> TrialView:
    """Put a trial that failed or ran out of memory back to pending, and queue its job."""
    with database.write() as session:
        return TrialView.of(retry_trial(session, settings.artifact_dir, trial_id, utc_now()))


@router.get("/{trial_id}/metrics")
def metrics(trial_id: str, database: DatabaseDep) -> MetricPage:
    """List what the trial reported after each epoch."""
    with database.read() as session:
        find_or_raise_trial(session, trial_id)
        return MetricPage(items=[MetricView.of(row) for row in list_metrics(session, trial_id)])


@router.get("/{trial_id}/log")
def log(
    trial_id: str,
    database: DatabaseDep,
    settings: SettingsDep,
    offset: Offset = 0,
    limit: Limit = PART_BYTES,
) -> TrialLogView:
    """Show a part of what the trial printed and logged, and how the trial stands."""
    with database.read() as session:
        return TrialLogView.read(
            session, settings.artifact_dir, trial_id, offset=offset, limit=limit
        )


@router.get("/{trial_id}/log/events", response_class=StreamingResponse)
async def follow_log(
    trial_id: str,
    database: DatabaseDep,
    settings: SettingsDep,
    offset: Offset = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62)] = None,
) -> StreamingResponse:
    """Stream the log as server-sent events until the trial has ended.

    Each event is a part as `GET /trials/{id}/log` gives it, and its id the next offset, from which
    a client that was cut off goes on. The last one is called `end`.
    """
    begin = offset if last_event_id is None else last_event_id
    first = await run_in_threadpool(log, trial_id, database, settings, begin)

    async def events() -> AsyncIterator[str]:
        part = first
        while not part.is_complete:
            if part.text:
                yield _event("log", part)
            else:
                await asyncio.sleep(_LOOK_SECONDS)
            part = await run_in_threadpool(log, trial_id, database, settings, part.next_offset)
        yield _event("end", part)

    return StreamingResponse(events(), media_type="text/event-stream")


def _event(name: str, part: TrialLogView) -> str:
    return f"id: {part.next_offset}\nevent: {name}\ndata: {part.model_dump_json()}\n\n"
