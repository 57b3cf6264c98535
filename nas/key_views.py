"""How keys and the audit log look from outside: the same for REST and CLI."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nas.access import Quota, Role
from nas.database.api_keys import ApiKeyRow
from nas.database.audit import AuditRow
from nas.quotas import Usage, usage_of


class UsageView(BaseModel):
    """What the jobs of a key have taken so far."""

    active_jobs: int = Field(description="jobs queued or running")
    trials: int = Field(description="trials asked for, over all its jobs")
    gpu_hours: float = Field(description="hours of GPUs that its trials trained")

    @classmethod
    def of(cls, usage: Usage) -> UsageView:
        """Read figures."""
        return cls(active_jobs=usage.active_jobs, trials=usage.trials, gpu_hours=usage.gpu_hours)


class KeyView(BaseModel):
    """A key without its secret, which nobody has but its holder."""

    id: str
    name: str
    role: Role
    quota: Quota
    usage: UsageView
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute; null: never")
    revoked_at: datetime | None = Field(description="null: it opens the service")

    @classmethod
    def of(cls, session: Session, row: ApiKeyRow) -> KeyView:
        """Read a row and what its jobs took."""
        return cls(
            id=row.id,
            name=row.name,
            role=row.role,
            quota=row.quota,
            usage=UsageView.of(usage_of(session, row.id)),
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )


class NewKeyView(KeyView):
    """A key just made."""

    key: str = Field(description="what its holder sends; shown this once")


class AuditView(BaseModel):
    """A request that might change something, refused ones too."""

    id: str
    at: datetime
    key_id: str | None = Field(description="null: none was asked for, or none was right")
    holder: str = Field(description="name of the key")
    method: str
    path: str
    status: int = Field(description="of the answer")
    address: str | None = Field(description="where it came from")

    @classmethod
    def of(cls, row: AuditRow) -> AuditView:
        """Read a row."""
        return cls.model_validate(row, from_attributes=True)
