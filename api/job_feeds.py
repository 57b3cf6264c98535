"""Jobs' events for any number of clients: one look at the database wakes all that wait."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from api.event_stream import KEEP_ALIVE, write_event
from api.freshness import Freshness
from nas.database import Database
from nas.database.jobs import list_revisions
from nas.errors import DatabaseUnavailableError, NotFoundError
from nas.job_events import EventName, JobEvent, read_changes

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0
_MOST_PARTS = 256


@dataclass(frozen=True, slots=True)
class Part:
    """What follows an event, written out."""

    text: str
    last: int
    is_all: bool
    is_over: bool


class JobFeeds:
    """Streams of jobs' events.

    While anybody follows, one task looks whether the database has changed, and which of the
    followed jobs. A part is read and written once for all who ask for what follows the same
    change; a slow client delays nobody, and is told of less as changes overtake each other.
    """

    def __init__(self, database: Database, freshness: Freshness) -> None:
        self._database = database
        self._freshness = freshness
        self._followers: Counter[str] = Counter()
        self._signals: dict[str, asyncio.Event] = {}
        self._parts: dict[tuple[str, int], asyncio.Task[Part]] = {}
        self._looking: asyncio.Task[None] | None = None
        self.is_closed = False

    def close(self) -> None:
        """End all streams, for the server is to stop."""
        self.is_closed = True
        for signal in self._signals.values():
            signal.set()

    async def part(self, job_id: str, after: int) -> Part:
        """Return what follows the event of id `after`; raises `NotFoundError` without the job."""
        key = job_id, after
        task = self._parts.get(key)
        if task is None:
            if len(self._parts) >= _MOST_PARTS:
                self._parts.clear()
            task = asyncio.get_running_loop().create_task(
                run_in_threadpool(self._read, job_id, after)
            )
            self._parts[key] = task
        try:
            return await asyncio.shield(task)
        except Exception:
            self._parts.pop(key, None)
            raise

    async def stream(self, job_id: str, first: Part) -> AsyncIterator[str]:
        """Go on from a part until the job is over, deleted, or the client is gone."""
        self._followers[job_id] += 1
        self._look_on()
        try:
            part = first
            while True:
                if part.text:
                    yield part.text
                if self.is_closed or (part.is_all and part.is_over):
                    return
                # Before looking: what changes between the two is told by the signal.
                signal = self._signals.setdefault(job_id, asyncio.Event())
                try:
                    part = await self.part(job_id, part.last)
                    if not part.text and not self.is_closed:
                        async for text in _until(signal):
                            yield text
                        part = await self.part(job_id, part.last)
                except NotFoundError:  # deleted while it was followed
                    return
        finally:
            self._leave(job_id)

    def _leave(self, job_id: str) -> None:
        self._followers[job_id] -= 1
        if not self._followers[job_id]:
            del self._followers[job_id]
            self._signals.pop(job_id, None)

    def _look_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        """Wake those whose job has changed, until nobody follows any."""
        mark, seen = "", dict[str, int]()
        while self._followers:
            try:
                now = await self._freshness.mark()
                if now != mark:
                    found = await run_in_threadpool(self._revisions, list(self._followers))
                    self._parts.clear()
                    for job_id in list(self._signals):
                        if job_id not in seen or found.get(job_id) != seen[job_id]:
                            self._signals.pop(job_id).set()
                    mark, seen = now, found
            except DatabaseUnavailableError as error:
                _LOG.warning("events: %s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    def _revisions(self, job_ids: list[str]) -> dict[str, int]:
        with self._database.read() as session:
            return list_revisions(session, job_ids)

    def _read(self, job_id: str, after: int) -> Part:
        with self._database.read() as session:
            changes = read_changes(session, job_id, after)
        written = [write_event(event.id, event.name, event.data) for event in changes.events]
        if changes.is_all and changes.is_over and changes.events:
            end: JobEvent = changes.events[-1].data  # type: ignore[assignment]
            written.append(write_event(changes.last, EventName.END, end))
        return Part("".join(written), changes.last, changes.is_all, changes.is_over)


async def _until(signal: asyncio.Event) -> AsyncIterator[str]:
    """Wait for a signal, and yield something now and then that keeps the connection alive."""
    while not signal.is_set():
        try:
            await asyncio.wait_for(signal.wait(), _KEEP_ALIVE_SECONDS)
        except TimeoutError:
            yield KEEP_ALIVE
