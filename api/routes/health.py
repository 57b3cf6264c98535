"""Whether the server lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text

from api.dependencies import DatabaseDep
from api.problems import possible

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """Answer as long as the server runs."""
    return {"status": "ok"}


@router.get("/readyz", responses=possible())
def ready(database: DatabaseDep) -> dict[str, str]:
    """Answer if the database does."""
    with database.read() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}
