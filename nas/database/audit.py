"""The audit log: who asked for which change, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table, UtcDateTime
from nas.ids import new_id

_PATH_LENGTH = 500


class AuditRow(Table):
    """One request that might change something, refused ones too."""

    __tablename__ = "audit_log"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    holder: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(String(_PATH_LENGTH))
    status: Mapped[int]
    address: Mapped[str | None] = mapped_column(String(64))


def record_request(
    session: Session,
    *,
    at: datetime,
    key_id: str | None,
    holder: str,
    method: str,
    path: str,
    status: int,
    address: str | None,
) -> None:
    """Add a line; a path of any length keeps its beginning."""
    session.add(
        AuditRow(
            at=at,
            key_id=key_id,
            holder=holder,
            method=method[:16],
            path=path.replace("\0", "�")[:_PATH_LENGTH],
            status=status,
            address=address,
        )
    )


def list_audit(session: Session, *, before: str | None, limit: int) -> Sequence[AuditRow]:
    """Return lines, newest first; `before` is the last id of the page before."""
    query = select(AuditRow).order_by(AuditRow.id.desc())
    if before is not None:
        query = query.where(AuditRow.id < before)
    return session.scalars(query.limit(limit)).all()
