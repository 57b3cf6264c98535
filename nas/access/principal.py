"""Who asks, and what they may see and change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What the holder of a key may do; each role may do what the ones before it may."""

    VIEWER = "viewer"
    """Look at every job."""

    SUBMITTER = "submitter"
    """Submit jobs; see and change those of its own key alone."""

    ADMIN = "admin"
    """See and change every job, manage keys, read the audit log."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever made a request; `key_id` is None where the service is open to all."""

    role: Role
    key_id: str | None = None
    name: str = "anyone"

    @property
    def sees_owner(self) -> str | None:
        """The one key whose jobs it may see, None for all jobs."""
        return self.key_id if self.role is Role.SUBMITTER else None

    @property
    def may_write(self) -> bool:
        """Whether it may submit jobs and change those it sees."""
        return self.role is not Role.VIEWER

    def may_see(self, owner: str | None) -> bool:
        """Tell whether it may see a job of this owner."""
        return self.sees_owner is None or self.sees_owner == owner


OPEN = Principal(Role.ADMIN)
"""Everybody, where no keys are asked for."""
