"""Trials keep their rungs, recipe, seed and environment; they differ by recipe, too.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))
_METRICS, _ARTIFACTS, _PROPOSALS = (
    sa.table(name, sa.column("trial_id", sa.String))
    for name in ("metrics", "artifacts", "proposals")
)
_TRIALS = sa.table(
    "trials",
    sa.column("id", sa.String),
    sa.column("job_id", sa.String),
    sa.column("number", sa.Integer),
    sa.column("architecture_hash", sa.String),
    sa.column("recipe_json", sa.JSON),
    sa.column("seed", sa.Integer),
)
_OF_ARCHITECTURE = ["job_id", "architecture_hash"]
_OF_EVALUATION = [*_OF_ARCHITECTURE, "evaluation_key"]
_NEW_FIELDS = ("scheduler", "hyperparameters")
_NEW_COLUMNS = ("rungs", "recipe_json", "seed", "environment_json")


def upgrade() -> None:
    op.add_column("trials", sa.Column("rungs", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "trials", sa.Column("recipe_json", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("trials", sa.Column("seed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("trials", sa.Column("environment_json", sa.JSON()))
    for job_id, spec in _specs():
        known = {"recipe_json": spec.get("recipe", {}), "seed": spec.get("seed", 0)}
        op.get_bind().execute(_TRIALS.update().where(_TRIALS.c.job_id == job_id).values(**known))
    _make_unique(_OF_EVALUATION, instead_of=_OF_ARCHITECTURE)


def downgrade() -> None:
    # The version before takes one trial per architecture: the first of each stays.
    earlier = _TRIALS.alias()
    is_again = sa.exists().where(
        earlier.c.job_id == _TRIALS.c.job_id,
        earlier.c.architecture_hash == _TRIALS.c.architecture_hash,
        earlier.c.number < _TRIALS.c.number,
    )
    gone = sa.select(_TRIALS.c.id).where(is_again).scalar_subquery()
    for table in (_METRICS, _ARTIFACTS):
        op.get_bind().execute(table.delete().where(table.c.trial_id.in_(gone)))
    op.get_bind().execute(
        _PROPOSALS.update().where(_PROPOSALS.c.trial_id.in_(gone)).values(trial_id=None)
    )
    op.get_bind().execute(_TRIALS.delete().where(is_again))
    _make_unique(_OF_ARCHITECTURE, instead_of=_OF_EVALUATION)
    for name in _NEW_COLUMNS:
        op.drop_column("trials", name)
    # It refuses a job that names what it does not know, and a rate that is left to the optimiser.
    for job_id, spec in _specs():
        kept = {name: value for name, value in spec.items() if name not in _NEW_FIELDS}
        if "recipe" in kept:
            recipe = {k: v for k, v in kept["recipe"].items() if k != "optimizer" and v is not None}
            kept["recipe"] = recipe
        change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=kept)
        op.get_bind().execute(change)


def _specs() -> list[tuple[str, dict[str, Any]]]:
    rows = op.get_bind().execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all()
    return [(job_id, spec) for job_id, spec in rows]


def _make_unique(columns: list[str], *, instead_of: list[str]) -> None:
    with op.batch_alter_table("trials") as trials:
        trials.drop_constraint(f"uq_trials_{'_'.join(instead_of)}", type_="unique")
        trials.create_unique_constraint(f"uq_trials_{'_'.join(columns)}", columns)
