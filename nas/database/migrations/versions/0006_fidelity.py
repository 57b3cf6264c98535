"""Trials keep their rungs, their recipe and seed, and what they ran with.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))
_TRIALS = sa.table(
    "trials",
    sa.column("job_id", sa.String),
    sa.column("recipe_json", sa.JSON),
    sa.column("seed", sa.Integer),
)
_NEW_FIELDS = ("scheduler",)
_NEW_COLUMNS = ("rungs", "recipe_json", "seed", "environment_json")


def upgrade() -> None:
    # Not in batch mode, which would make the table anew and delete what refers to its rows.
    op.add_column("trials", sa.Column("rungs", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "trials", sa.Column("recipe_json", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("trials", sa.Column("seed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("trials", sa.Column("environment_json", sa.JSON()))
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        known = {"recipe_json": spec.get("recipe", {}), "seed": spec.get("seed", 0)}
        connection.execute(_TRIALS.update().where(_TRIALS.c.job_id == job_id).values(**known))


def downgrade() -> None:
    for name in _NEW_COLUMNS:
        op.drop_column("trials", name)
    # The version before refuses a job that names what it does not know.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        kept = {name: value for name, value in spec.items() if name not in _NEW_FIELDS}
        change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=kept)
        connection.execute(change)
