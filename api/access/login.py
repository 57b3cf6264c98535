"""Coming in with a browser: a page that takes a key and keeps it in a cookie no script can read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.access.keyring import Keyring
from api.dependencies import DatabaseDep

LOGIN_PATH = "/login"
COOKIE = "nas_key"
_COOKIE_SECONDS = 30 * 24 * 3600
_LONGEST_KEY = 200

router = APIRouter(include_in_schema=False)


@router.get(LOGIN_PATH)
def ask() -> HTMLResponse:
    """Show the form."""
    return HTMLResponse(_page(""))


@router.post(LOGIN_PATH)
async def come_in(
    request: Request,
    database: DatabaseDep,
    key: Annotated[str, Form(max_length=_LONGEST_KEY)] = "",
) -> Response:
    """Take a key; the dashboard is open to it from then on."""
    if await run_in_threadpool(Keyring(database).holder, key.strip()) is None:
        return HTMLResponse(_page("This key is unknown or revoked."), 401)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        key.strip(),
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def leave() -> Response:
    """Forget the key."""
    answer = RedirectResponse(LOGIN_PATH, 303)
    answer.delete_cookie(COOKIE)
    return answer


def _page(trouble: str) -> str:
    said = f'<p role="alert">{trouble}</p>' if trouble else ""
    return _PAGE.replace("{trouble}", said)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Neural architecture search: key</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { min-height: 90vh; display: grid; place-items: center; margin: 0; }
form { width: min(24rem, 90vw); display: grid; gap: .75rem; }
input, button { font: inherit; padding: .6rem .75rem; border-radius: .4rem; }
input { border: 1px solid gray; }
button { background: #1d4ed8; color: white; border: 0; cursor: pointer; }
p { margin: 0; } [role=alert] { color: light-dark(#b91c1c, #fca5a5); }
</style>
</head>
<body>
<form method="post" action="/login">
<h1>Neural architecture search</h1>
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
{trouble}
<button>Open</button>
<p>An administrator makes keys with <code>nas keys create</code>.</p>
</form>
</body>
</html>
"""
