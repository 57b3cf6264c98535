"""Trials can go on from a shorter one's checkpoint.

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))
_TRIALS = sa.table("trials", sa.column("id", sa.String), sa.column("recipe_json", sa.JSON))


def upgrade() -> None:
    # Null for what is there: of which data a trial was trained on, only a hash is known.
    op.add_column("trials", sa.Column("training_key", sa.String(64)))
    op.add_column("trials", sa.Column("resumed_from", sa.String(36)))
    op.create_index("ix_trials_training", "trials", ["architecture_hash", "training_key"])


def downgrade() -> None:
    op.drop_index("ix_trials_training", "trials")
    op.drop_column("trials", "resumed_from")
    op.drop_column("trials", "training_key")
    # The version before refuses a recipe that names what it does not know.
    for job_id, spec in _rows(_JOBS):
        _change(_JOBS, job_id, spec_json={**spec, "recipe": _older(spec.get("recipe", {}))})
    for trial_id, recipe in _rows(_TRIALS):
        _change(_TRIALS, trial_id, recipe_json=_older(recipe))


def _rows(table: sa.TableClause) -> list[tuple[str, dict[str, Any]]]:
    return [(row[0], row[1]) for row in op.get_bind().execute(sa.select(table)).all()]


def _change(table: sa.TableClause, id_: str, **values: dict[str, Any]) -> None:
    op.get_bind().execute(table.update().where(table.c.id == id_).values(**values))


def _older(recipe: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name != "schedule_epochs"}
