"""Trials, their metrics per epoch, and their logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.dependencies import DatabaseDep, SettingsDep
from api.event_stream import HEADERS, MEDIA_TYPE, LastEventId, event_stream, write_event
from api.parameters import TrialId
from api.problems import possible
from api.reads import Content, ReadDep
from nas.artifacts import open_store
from nas.database import Database
from nas.database.trials import find_or_raise_trial, list_metrics
from nas.deletion import delete_trial
from nas.ids import utc_now
from nas.pages import MetricPage
from nas.representations import MetricView, TrialView
from nas.retrying import retry_trial
from nas.settings import Settings
from nas.trial_log import PART_BYTES, SMALLEST_PART_BYTES, TrialLogView

router = APIRouter(prefix="/trials", tags=["trials"])
_LOOK_SECONDS = 0.5
Limit = Annotated[int, Query(ge=SMALLEST_PART_BYTES, le=2**24, description="bytes at most")]
Offset = Annotated[int, Query(ge=0, lt=2**62, description="byte to begin at")]


@router.get("/{trial_id}", response_model=TrialView, responses=possible(404))
async def show(trial_id: TrialId, read: ReadDep) -> Response:
    """Show one trial."""
    return await read(lambda session: TrialView.of(find_or_raise_trial(session, trial_id)))


@router.delete("/{trial_id}", status_code=204, responses=possible(404, 409))
def delete(trial_id: TrialId, database: DatabaseDep, settings: SettingsDep) -> None:
    """Delete an ended trial for good, with its metrics, log and files.

    Its number is not given again, and its candidate not evaluated again.
    """
    delete_trial(database, open_store(settings), settings.artifact_dir, trial_id, utc_now())


@router.post("/{trial_id}/retry", status_code=202, responses=possible(404, 409))
def retry(trial_id: TrialId, database: DatabaseDep, settings: SettingsDep) -> TrialView:
    """Put a trial that failed or ran out of memory back to pending, and queue its job."""
    with database.write() as session:
        return TrialView.of(retry_trial(session, settings.artifact_dir, trial_id, utc_now()))


@router.get("/{trial_id}/metrics", response_model=MetricPage, responses=possible(404))
async def metrics(trial_id: TrialId, read: ReadDep) -> Response:
    """List what the trial reported after each epoch."""
    return await read(lambda session: _metrics(session, trial_id))


def _metrics(session: Session, trial_id: str) -> MetricPage:
    find_or_raise_trial(session, trial_id)
    return MetricPage(items=[MetricView.of(row) for row in list_metrics(session, trial_id)])


@router.get("/{trial_id}/log", response_model=TrialLogView, responses=possible(404))
def log(
    trial_id: TrialId,
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    offset: Offset = 0,
    limit: Limit = PART_BYTES,
) -> Response:
    """Show a part of what the trial printed and logged, and how the trial stands."""
    part = _part(database, settings, trial_id, offset, limit)
    return Content.of(part).answer(request.headers)


def _part(
    database: Database, settings: Settings, trial_id: str, offset: int, limit: int = PART_BYTES
) -> TrialLogView:
    with database.read() as session:
        return TrialLogView.read(
            session, settings.artifact_dir, trial_id, offset=offset, limit=limit
        )


@router.get(
    "/{trial_id}/log/events",
    response_class=StreamingResponse,
    responses=possible(404) | event_stream("parts of the log, and `end` at last", ("log", "end")),
)
async def follow_log(
    trial_id: TrialId,
    database: DatabaseDep,
    settings: SettingsDep,
    offset: Offset = 0,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Stream the log as server-sent events until the trial has ended.

    Each event is a part as `GET /trials/{id}/log` gives it, and its id the next offset, from which
    a client that was cut off goes on. The last one is called `end`.
    """
    begin = offset if last_event_id is None else last_event_id
    first = await run_in_threadpool(_part, database, settings, trial_id, begin)

    async def events() -> AsyncIterator[str]:
        part = first
        while not part.is_complete:
            if part.text:
                yield write_event(part.next_offset, "log", part)
            else:
                await asyncio.sleep(_LOOK_SECONDS)
            part = await run_in_threadpool(_part, database, settings, trial_id, part.next_offset)
        yield write_event(part.next_offset, "end", part)

    return StreamingResponse(events(), media_type=MEDIA_TYPE, headers=HEADERS)
