"""What is let in: bodies of JSON, of bounded size and depth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NoReturn

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.policy import SAFE_METHODS
from api.problems import problem

LARGEST_BODY_BYTES = 2**20
DEEPEST = 32
"""Levels of objects and lists within each other; an architecture has about six."""

_JSON = re.compile(r"application/(json|[\w.+-]+\+json)\s*(;.*)?", re.IGNORECASE)
_BRACKETS_OUTSIDE_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class BodyLimits:
    """Refuses, before anything of it is used, a body that is too large, too deep or no JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body of a request that may have one, and pass it on whole."""
        if not _may_have_body(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        body = b""
        is_too_large = not declared.isdecimal() or int(declared) > LARGEST_BODY_BYTES
        if not is_too_large:
            body = await _read(receive)
            is_too_large = len(body) > LARGEST_BODY_BYTES
        refusal = _too_large() if is_too_large else _refusal(body, headers.get("content-type", ""))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def _may_have_body(scope: Scope) -> bool:
    """Tell whether a request is the API's and may change something; the dashboard has its own."""
    is_ours = scope["type"] == "http" and scope["path"].startswith("/api/")
    return is_ours and scope["method"] not in SAFE_METHODS


async def _read(receive: Receive) -> bytes:
    """Read up to the limit and a little more."""
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST_BODY_BYTES:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: Iterable[Message] = iter([{"type": "http.request", "body": body}])

    async def replayed() -> Message:
        for message in messages:
            return message
        return await receive()

    return replayed


def _too_large() -> Response:
    detail = f"body: more than {LARGEST_BODY_BYTES:,} bytes, allowed: at most as many"
    return problem(413, "content too large", detail)


def _refusal(body: bytes, content_type: str) -> Response | None:
    if not body:
        return None
    if not _JSON.fullmatch(content_type.strip()):
        return problem(
            415,
            "unsupported media type",
            f"Content-Type: got {content_type[:100]!r}, allowed: application/json",
        )
    if _is_deeper(body, DEEPEST):
        detail = f"body: nested more than {DEEPEST} levels deep, allowed: at most as many"
        return problem(422, "invalid input", detail)
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
        if b"\\u" in body:  # half of a character cannot be stored, nor shown
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # errors of decoding are ValueErrors
        return problem(422, "invalid input", f"body: no JSON: {error}")
    return None


def _is_deeper(body: bytes, limit: int) -> bool:
    if body.count(b"{") + body.count(b"[") <= limit:
        return False
    depth = 0
    for token in _BRACKETS_OUTSIDE_TEXTS.findall(body):
        if token in (b"{", b"["):
            depth += 1
            if depth > limit:
                return True
        elif token in (b"}", b"]"):
            depth -= 1
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"got {name}, which JSON does not have")
