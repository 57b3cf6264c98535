"""What answers where no route does: the dashboard has a page for that, the API a problem."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.problems import problem

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class UnknownRoute(BaseRoute):
    """Takes what is the API's by its path but has no route, or none for its method.

    It has to come after the API's routes and before the dashboard, which takes everything.
    """

    def __init__(self, known: Sequence[BaseRoute]) -> None:
        self._known = tuple(known)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match paths below /api, and those of known routes."""
        if scope["type"] != "http":
            return Match.NONE, {}
        allowed = [method for method in _METHODS if self._is_known({**scope, "method": method})]
        if allowed or f"{scope['path']}/".startswith("/api/"):
            return Match.FULL, {"allowed_methods": allowed}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem."""
        allowed = ", ".join(scope["allowed_methods"])
        path = scope["path"][:200]
        if allowed:
            detail = f"{scope['method']} {path}: allowed: {allowed}"
            response = problem(405, "method not allowed", detail, {"Allow": allowed})
        else:
            response = problem(404, "not found", f"no route {path}; see /api/docs")
        await response(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._known)
