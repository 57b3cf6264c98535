"""What happens to a job, as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.event_stream import HEADERS, MEDIA_TYPE, LastEventId, event_stream
from api.job_feeds import JobFeeds
from api.parameters import JobId
from api.problems import possible
from nas.job_events import EventName

router = APIRouter(prefix="/jobs", tags=["jobs"])
_EVENTS = (
    "`trial`: how a trial stands; `trial-deleted`; `job`: how the job stands once these are told; "
    "`end`: the job is over. Data are JSON, ids grow."
)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses=possible(404)
    | event_stream(_EVENTS, EventName)
    | {204: {"description": "The job is over and all is told; an EventSource stops here"}},
)
async def events(
    job_id: JobId,
    request: Request,
    after: Annotated[
        int,
        Query(
            ge=0, lt=2**62, description="the job's `last_event_id` for what is new; 0: all there is"
        ),
    ] = 0,
    last_event_id: LastEventId = None,
) -> Response:
    """Stream the job's changes as server-sent events, until it is completed, stopped or failed.

    Told are how its trials stand, in the order of their latest changes, then what follows. A
    client that was cut off goes on after its `Last-Event-ID`, whether or not the server was
    started anew meanwhile.
    """
    feeds: JobFeeds = request.app.state.job_feeds
    first = await feeds.part(job_id, after if last_event_id is None else last_event_id)
    if first.is_over and not first.text:
        return Response(status_code=204)
    return StreamingResponse(feeds.stream(job_id, first), media_type=MEDIA_TYPE, headers=HEADERS)
