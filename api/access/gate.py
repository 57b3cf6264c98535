"""The gate that every request passes: host, origin, key, rate; and the audit log behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.keyring import Keyring
from api.access.login import COOKIE, LOGIN_PATH
from api.access.policy import SAFE_METHODS, AccessPolicy
from api.access.rate import RateLimiter
from api.problems import problem
from nas.access import OPEN, Principal
from nas.database import Database
from nas.database.api_keys import ApiKeyRow
from nas.database.audit import record_request
from nas.errors import DatabaseUnavailableError
from nas.ids import utc_now

_WITHOUT_KEY = frozenset({"/healthz", "/readyz", LOGIN_PATH})


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):  # noqa: N818
    answer: Response
    holder: ApiKeyRow | None = field(default=None)


class Gate:
    """Lets a request in with `request.state.principal` set, or answers it."""

    def __init__(self, app: ASGIApp, database: Database, policy: AccessPolicy) -> None:
        self._app, self._database, self._policy = app, database, policy
        self._keyring, self._limiter = Keyring(database), RateLimiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        status = 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        principal = Principal(OPEN.role, None, "nobody")
        try:
            principal = await self._principal_of(connection)
            connection.state.principal = principal
            await self._app(scope, receive, send_noting_status)
        except _Refusal as refusal:
            if refusal.holder is not None:
                principal = refusal.holder.principal
            await _refuse(refusal.answer, scope, receive, send_noting_status)
        finally:
            if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
                await run_in_threadpool(self._record, connection, principal, status)

    async def _principal_of(self, connection: HTTPConnection) -> Principal:
        """Return who asks; raises `_Refusal`."""
        host = connection.headers.get("host", "")
        if not self._policy.is_known_host(host):
            detail = f"Host: got {host!r}, allowed: {', '.join(self._policy.hosts or ())}"
            raise _Refusal(problem(421, "misdirected request", detail))
        self._require_own_origin(connection, host)
        if not self._policy.needs_key or connection.url.path in _WITHOUT_KEY:
            return OPEN
        text = _sent_key(connection)
        try:
            row = await run_in_threadpool(self._keyring.holder, text) if text else None
        except DatabaseUnavailableError as error:
            raise _Refusal(problem(503, "database unavailable", str(error))) from error
        if row is None:
            raise _Refusal(_unauthorized(connection, is_wrong=bool(text)))
        per_minute = row.quota.requests_per_minute
        if per_minute is not None:
            wait = self._limiter.seconds_to_wait(row.id, per_minute)
            if wait > 0:
                raise _Refusal(_too_many(per_minute, wait), row)
        return row.principal

    def _require_own_origin(self, connection: HTTPConnection, host: str) -> None:
        """Refuse a change, or a live connection, that a page of another site asks for."""
        is_socket = connection.scope["type"] == "websocket"
        if not is_socket and connection.scope["method"] in SAFE_METHODS:
            return
        origin = connection.headers.get("origin")
        if origin is None or self._policy.is_own_origin(origin, host):
            return
        detail = f"Origin: got {origin!r}, allowed: the service's own"
        raise _Refusal(problem(403, "request of another site", detail))

    def _record(self, connection: HTTPConnection, principal: Principal, status: int) -> None:
        with self._database.write() as session:
            record_request(
                session,
                at=utc_now(),
                key_id=principal.key_id,
                holder=principal.name,
                method=connection.scope["method"],
                path=connection.url.path,
                status=status,
                address=None if connection.client is None else connection.client.host,
            )


def _sent_key(connection: HTTPConnection) -> str:
    """Return the key of the `Authorization` header, or else of the dashboard's cookie."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return connection.cookies.get(COOKIE, "")


def _unauthorized(connection: HTTPConnection, *, is_wrong: bool) -> Response:
    wants_page = "text/html" in connection.headers.get("accept", "")
    if wants_page and not connection.url.path.startswith("/api/"):
        return RedirectResponse(LOGIN_PATH, 303)
    detail = "the key is unknown or revoked" if is_wrong else "send Authorization: Bearer KEY"
    answer = problem(401, "key needed", detail)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="nas"'
    return answer


def _too_many(per_minute: int, wait: float) -> Response:
    answer = problem(429, "too many requests", f"this key may ask {per_minute} times a minute")
    answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer


async def _refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    await receive()  # the handshake
    await send({"type": "websocket.close", "code": 1008})
