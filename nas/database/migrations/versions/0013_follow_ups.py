"""Jobs know the job and the trial whose network they scale.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parent_job_id", sa.String(36)))
    op.add_column("jobs", sa.Column("parent_trial_id", sa.String(36)))
    op.create_index("ix_jobs_parent_job_id", "jobs", ["parent_job_id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_parent_job_id", "jobs")
    op.drop_column("jobs", "parent_trial_id")
    op.drop_column("jobs", "parent_job_id")
    # The version before refuses a job that names what it does not know.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        if "scaling" in spec:
            older = {name: value for name, value in spec.items() if name != "scaling"}
            change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=older)
            connection.execute(change)
