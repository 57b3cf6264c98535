"""Trials keep what their job's scheduler decided at each rung.

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
_NEW_FIELDS = ("scheduler",)


def upgrade() -> None:
    # Not in batch mode, which would make the table anew and delete what refers to its rows.
    op.add_column("trials", sa.Column("rungs", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("trials", "rungs")
    # The version before refuses a job that names what it does not know.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        kept = {name: value for name, value in spec.items() if name not in _NEW_FIELDS}
        change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=kept)
        connection.execute(change)
