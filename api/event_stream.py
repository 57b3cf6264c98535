"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, WithJsonSchema

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""An intermediary neither keeps a stream nor holds back parts of it."""

KEEP_ALIVE = ": still here\n\n"


def write_event(id_: int, name: str, data: BaseModel) -> str:
    """Write one event; JSON has no line breaks of its own."""
    return f"id: {id_}\nevent: {name}\ndata: {data.model_dump_json()}\n\n"


def event_stream(description: str, names: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    """Describe, for OpenAPI, what a stream holds: each event as an object of its fields."""
    event = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "pass as `Last-Event-ID` to go on after it"},
            "event": {"type": "string", "enum": list(names)},
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
        "required": ["id", "event", "data"],
        "description": description,
    }
    return {200: {"description": "Server-sent events", "content": {MEDIA_TYPE: {"schema": event}}}}


LastEventId = Annotated[
    int | None,
    Header(ge=0, lt=2**62, description="id of the event seen last; wins over the query"),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 2**62 - 1}),
]
