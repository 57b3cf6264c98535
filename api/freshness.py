"""One question to the database for all requests that wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi.concurrency import run_in_threadpool


class Freshness:
    """Hands out marks of the database's content, each taken after it was asked for.

    A question that is under way may have been answered before a later request came, so that one
    waits for the next; all that have come meanwhile share it. However many clients poll, the
    database is asked by one at a time.
    """

    def __init__(self, take_mark: Callable[[], str]) -> None:
        self._take_mark = take_mark
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[str] | None = None

    async def mark(self) -> str:
        """Return a mark that was taken after this call; raises what taking it raises."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._take())
        return await asyncio.shield(self._next)

    async def _take(self) -> str:
        async with self._turn:
            self._next = None
            return await run_in_threadpool(self._take_mark)
