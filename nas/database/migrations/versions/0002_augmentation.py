"""Jobs state their augmentation as a whole, where they had the shift alone.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))


def upgrade() -> None:
    for job_id, spec in _specs():
        shift = spec["recipe"].pop("max_shift", None)
        if shift is not None:
            unmoved = {"max_rotation": 0.0, "max_zoom": 0.0}
            spec["recipe"]["augmentation"] = {"max_shift": shift, **unmoved}
            _store(job_id, spec)


def downgrade() -> None:
    for job_id, spec in _specs():
        augmentation = spec["recipe"].pop("augmentation", None)
        if augmentation is not None:
            spec["recipe"]["max_shift"] = augmentation["max_shift"]
            _store(job_id, spec)


def _specs() -> list[tuple[str, dict[str, Any]]]:
    rows = op.get_bind().execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json))
    return [(job_id, spec) for job_id, spec in rows if "recipe" in spec]


def _store(job_id: str, spec: dict[str, Any]) -> None:
    change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=spec)
    op.get_bind().execute(change)
