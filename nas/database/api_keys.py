"""API keys: who holds one, what it allows, and how much of that is used up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.access import KeyToken, Principal, Quota, Role, new_token
from nas.database.base import Table, UtcDateTime, status_column
from nas.errors import NotFoundError


class ApiKeyRow(Table):
    """One key; of its secret there is a hash alone. Revoked ones stay, for their jobs' sake."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(status_column(Role))
    secret_hash: Mapped[str] = mapped_column(String(255))
    quota_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def quota(self) -> Quota:
        """What its holder may use."""
        return Quota.model_validate(self.quota_json)

    @property
    def principal(self) -> Principal:
        """Its holder."""
        return Principal(self.role, self.id, self.name)


def create_key(
    session: Session, name: str, role: Role, quota: Quota, now: datetime
) -> tuple[ApiKeyRow, KeyToken]:
    """Add a key; the token returned is nowhere to be had later."""
    token = new_token()
    row = ApiKeyRow(
        id=token.key_id,
        name=name,
        role=role,
        secret_hash=token.hashed(),
        quota_json=quota.model_dump(mode="json", exclude_none=True),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row, token


def find_key(session: Session, key_id: str) -> ApiKeyRow | None:
    """Return a key, also one that is revoked."""
    return session.get(ApiKeyRow, key_id)


def find_or_raise_key(session: Session, key_id: str) -> ApiKeyRow:
    """Return a key, also one that is revoked; raises `NotFoundError`."""
    row = find_key(session, key_id)
    if row is None:
        raise NotFoundError(f"no key {key_id!r}")
    return row


def list_keys(session: Session) -> Sequence[ApiKeyRow]:
    """Return all keys, oldest first."""
    return session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id)).all()


def revoke_key(session: Session, key_id: str, now: datetime) -> ApiKeyRow:
    """Let a key open nothing from now on; its jobs stay and go on."""
    row = find_or_raise_key(session, key_id)
    row.revoked_at = row.revoked_at or now
    return row


def has_keys(session: Session) -> bool:
    """Tell whether there is a key that opens anything."""
    found = session.scalar(
        select(func.count()).select_from(ApiKeyRow).where(ApiKeyRow.revoked_at.is_(None))
    )
    return bool(found)
