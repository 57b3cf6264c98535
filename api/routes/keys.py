"""Keys and the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.access.ownership import require_admin
from api.dependencies import DatabaseDep
from api.parameters import KeyId
from api.problems import possible
from nas.access import NO_QUOTA, Quota, Role
from nas.cursor import read_id_cursor, write_cursor
from nas.database.api_keys import create_key, list_keys, revoke_key
from nas.database.audit import list_audit
from nas.ids import utc_now
from nas.key_views import AuditView, KeyView, NewKeyView
from nas.pages import Cursor

router = APIRouter(tags=["access"], dependencies=[Depends(require_admin)])
Limit = Annotated[int, Query(ge=1, le=200, description="rows per page")]


class KeyRequest(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", examples=["vision team"])
    role: Role = Role.SUBMITTER
    quota: Quota = NO_QUOTA


class KeyList(BaseModel):
    """All keys, oldest first."""

    items: list[KeyView]


class AuditPage(BaseModel):
    """The audit log, newest first."""

    items: list[AuditView]
    next_cursor: str | None = Field(description="pass as `cursor` for the next page")


@router.get("/keys", responses=possible())
def index(database: DatabaseDep) -> KeyList:
    """List all keys, revoked ones too."""
    with database.read() as session:
        return KeyList(items=[KeyView.of(session, row) for row in list_keys(session)])


@router.post("/keys", status_code=201, responses=possible(413, 415))
def create(wanted: KeyRequest, database: DatabaseDep) -> NewKeyView:
    """Make a key; the answer alone tells its secret."""
    with database.write() as session:
        row, token = create_key(session, wanted.name, wanted.role, wanted.quota, utc_now())
        return NewKeyView(**dict(KeyView.of(session, row)), key=str(token))


@router.delete("/keys/{key_id}", responses=possible(404))
def revoke(key_id: KeyId, database: DatabaseDep) -> KeyView:
    """Let a key open nothing from now on; its jobs stay and go on."""
    with database.write() as session:
        return KeyView.of(session, revoke_key(session, key_id, utc_now()))


@router.get("/audit", responses=possible())
def audit(
    database: DatabaseDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditPage:
    """List requests that might have changed something, newest first."""
    before = read_id_cursor(cursor, "audit") if cursor else None
    with database.read() as session:
        rows = list_audit(session, before=before, limit=limit + 1)
        items = [AuditView.of(row) for row in rows[:limit]]
    is_last = len(rows) <= limit
    return AuditPage(
        items=items, next_cursor=None if is_last else write_cursor("audit", items[-1].id)
    )
