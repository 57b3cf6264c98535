"""How reads are answered: from memory while the database is unchanged, with entity tags and gzip.

A polled page is read from the database and written as JSON once per change, not once per client.
Whether a client may see it is part of what is remembered: the answer is kept for who asked.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, TypeAdapter
from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.freshness import Freshness
from nas.database import Database
from nas.database.changes import ChangeWatch
from nas.errors import DatabaseUnavailableError

JSON = "application/json"
_KEPT_BYTES = 64 * 2**20
_SMALLEST_COMPRESSED = 1024
_GZIP_LEVEL = 5
_UNCHANGEABLE = "always"
_ANY: TypeAdapter[Any] = TypeAdapter(Any)
_ACCEPTS_GZIP = re.compile(
    r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)"
)


@dataclass(slots=True)
class Content:
    """What a read answers: JSON, compressed when first asked for, and its entity tag.

    The tag is weak, for it is the same with and without compression.
    """

    plain: bytes
    mark: str = _UNCHANGEABLE
    tag: str = field(init=False)
    _compressed: bytes | None = None

    def __post_init__(self) -> None:
        self.tag = f'W/"{hashlib.blake2b(self.plain, digest_size=16).hexdigest()}"'

    @classmethod
    def of(cls, value: BaseModel | list[Any], mark: str = _UNCHANGEABLE) -> Content:
        """Write a representation, or a list of them, as JSON."""
        if isinstance(value, BaseModel):
            return cls(value.model_dump_json().encode(), mark)
        return cls(_ANY.dump_json(value), mark)

    @property
    def compressed(self) -> bytes:
        """The same content, gzipped."""
        if self._compressed is None:
            self._compressed = gzip.compress(self.plain, _GZIP_LEVEL, mtime=0)
        return self._compressed

    @property
    def size_bytes(self) -> int:
        """What keeping it takes."""
        return len(self.plain) + len(self._compressed or b"")

    def answer(self, wanted: Headers) -> Response:
        """Answer with the content, or that the client has it, in the encoding that it accepts."""
        headers = {
            "ETag": self.tag,
            "Cache-Control": "private, no-cache",
            "Vary": "Accept-Encoding",
        }
        if is_known(wanted.get("if-none-match"), self.tag):
            return Response(status_code=304, headers=headers)
        if len(self.plain) >= _SMALLEST_COMPRESSED and _ACCEPTS_GZIP.search(
            wanted.get("accept-encoding", "")
        ):
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=headers, media_type=JSON)
        return Response(self.plain, headers=headers, media_type=JSON)


class Reads:
    """The reads of an application, and what it remembers of their answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watch = ChangeWatch(database)
        self.freshness = Freshness(self._watch.mark)
        self._kept: OrderedDict[Hashable, Content] = OrderedDict()
        self._kept_bytes = 0
        self._constants: dict[Hashable, Content] = {}
        self._under_way: dict[Hashable, asyncio.Task[Content]] = {}

    async def known(self, key: Hashable) -> Content | None:
        """Return what is remembered, if it is what would be read now."""
        if key not in self._kept:
            return None
        try:
            mark = await self.freshness.mark()
        except DatabaseUnavailableError:
            return None  # the route says so, as a problem
        kept = self._kept.get(key)
        if kept is None or kept.mark != mark:
            return None
        self._kept.move_to_end(key)
        return kept

    async def content(
        self, key: Hashable, read: Callable[[Session], BaseModel | list[Any]]
    ) -> Content:
        """Return what `read` answers now; the same key must mean the same question."""
        mark = await self.freshness.mark()
        kept = self._kept.get(key)
        if kept is not None and kept.mark == mark:  # read for another client meanwhile
            return kept
        running = self._under_way.get((key, mark))
        if running is None:
            running = asyncio.get_running_loop().create_task(self._read(key, mark, read))
            self._under_way[key, mark] = running
            running.add_done_callback(lambda _: self._under_way.pop((key, mark)))
        return await asyncio.shield(running)

    async def _read(
        self, key: Hashable, mark: str, read: Callable[[Session], BaseModel | list[Any]]
    ) -> Content:
        def in_transaction() -> Content:
            with self._database.read() as session:
                return Content.of(read(session), mark)

        content = await run_in_threadpool(in_transaction)
        self._keep(key, content)
        return content

    def _keep(self, key: Hashable, content: Content) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = content
        self._kept_bytes += 2 * len(content.plain) - (2 * len(before.plain) if before else 0)
        while self._kept_bytes > _KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= 2 * len(oldest.plain)

    async def constant(
        self, key: Hashable, produce: Callable[[], BaseModel | list[Any]]
    ) -> Content:
        """Return what `produce` makes, once and for all: it must not depend on the database."""
        kept = self._constants.get(key)
        if kept is None:
            kept = self._constants[key] = await run_in_threadpool(lambda: Content.of(produce()))
        return kept

    def close(self) -> None:
        """Give back the connection that watches the database."""
        self._watch.close()


class Read:
    """One request that reads."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._reads: Reads = request.app.state.reads

    async def __call__(self, read: Callable[[Session], BaseModel | list[Any]]) -> Response:
        """Answer with what `read` returns; path, query and principal must decide it alone."""
        key = _key(self._request.scope)
        return (await self._reads.content(key, read)).answer(self._request.headers)

    async def constant(self, produce: Callable[[], BaseModel | list[Any]]) -> Response:
        """Answer with what `produce` returns, which only the path may decide."""
        content = await self._reads.constant(self._request.scope["path"], produce)
        return content.answer(self._request.headers)


async def _read(request: Request) -> Read:
    return Read(request)


ReadDep = Annotated[Read, Depends(_read)]


class KnownReads:
    """Answers what was answered before and has not changed since, ahead of routes and parameters.

    It belongs behind whatever tells who asks: a principal in the request's state is part of the
    key. What the database says of it, such as what it owns, has not changed either.
    """

    def __init__(self, app: ASGIApp, reads: Reads) -> None:
        self._app, self._reads = app, reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] == "http" and scope["method"] == "GET":
            content = await self._reads.known(_key(scope))
            if content is not None:
                await content.answer(Headers(scope=scope))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _key(scope: Scope) -> Hashable:
    """Return what an answer depends on, beside the database."""
    return scope["path"], scope["query_string"], scope.get("state", {}).get("principal")


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Tell whether a client has what a tag stands for; weakly (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    wanted = tag.removeprefix("W/")
    return any(
        each.strip().removeprefix("W/") in (wanted, "*") for each in if_none_match.split(",")
    )
