"""Errors as problem documents (RFC 9457); the one place that maps our errors to HTTP."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nas.errors import (
    ConflictError,
    DatabaseUnavailableError,
    NasError,
    NotFoundError,
    QuotaExceededError,
)
from search_spaces import SearchSpaceError

_LOG = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotFoundError, 404, "not found"),
    (ConflictError, 409, "conflict"),
    (DatabaseUnavailableError, 503, "database unavailable"),
    (QuotaExceededError, 429, "quota exceeded"),
    (NasError, 422, "invalid input"),
    (SearchSpaceError, 422, "invalid input"),
)


def install(app: FastAPI) -> None:
    """Let every error of the application leave as a problem document."""

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in each["loc"] if part != "body") or "body",
                "message": each["msg"].removeprefix("Value error, "),
            }
            for each in error.errors()
        ]
        detail = f"{errors[0]['field']}: {errors[0]['message']}" if errors else "invalid"
        return problem(422, "invalid input", detail, errors=errors)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, "request refused", str(error.detail))

    @app.exception_handler(Exception)
    def _unexpected(_request: Request, error: Exception) -> JSONResponse:
        _LOG.error("unexpected error", exc_info=error)
        return problem(500, "internal error", "the server failed; its log says why")

    for kind, status, title in _STATUS:
        _install_own(app, kind, status, title)


def _install_own(app: FastAPI, kind: type[Exception], status: int, title: str) -> None:
    @app.exception_handler(kind)
    def _own(_request: Request, error: Exception) -> JSONResponse:
        return problem(status, title, str(error))


def problem(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """Write a problem document."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(jsonable_encoder(content), status, media_type="application/problem+json")
