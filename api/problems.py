"""Errors as problem documents (RFC 9457); the one place that maps our errors to HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from nas.errors import (
    ConflictError,
    DatabaseUnavailableError,
    NasError,
    NotFoundError,
    QuotaExceededError,
)
from search_spaces import SearchSpaceError

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotFoundError, 404, "not found"),
    (ConflictError, 409, "conflict"),
    (DatabaseUnavailableError, 503, "database unavailable"),
    (QuotaExceededError, 429, "quota exceeded"),
    (NasError, 422, "invalid input"),
    (SearchSpaceError, 422, "invalid input"),
)
_LONGEST_DETAIL = 2000
_ALWAYS_POSSIBLE = (401, 403, 422, 429, 503)


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["trials"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """Why a request was not carried out."""

    type: str = Field("about:blank", description="kind of problem, a URI")
    title: str = Field(examples=["invalid input"])
    status: int = Field(ge=400, le=599, description="the HTTP status")
    detail: str = Field(description="what was given, what is allowed, what to do")
    errors: list[FieldProblem] = Field([], description="field by field, where several are wrong")


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Write a problem document."""
    if len(detail) > _LONGEST_DETAIL:
        detail = f"{detail[:_LONGEST_DETAIL]}..."
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def possible(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe, for OpenAPI, the problems that an operation may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, *_ALWAYS_POSSIBLE})
    }


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
        return problem(422, "invalid input", detail, errors=errors[:100])

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase.lower()
        return problem(error.status_code, title, str(error.detail), error.headers)

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
