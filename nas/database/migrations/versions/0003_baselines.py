"""Baselines: what classifiers without a search reach on a job's data.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))


def upgrade() -> None:
    op.create_table(
        "baselines",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("validation_accuracy", sa.Double()),
        sa.Column("test_accuracy", sa.Double()),
        sa.Column("fit_seconds", sa.Double()),
        sa.Column("features", sa.Integer()),
        sa.Column("parameters", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_baselines_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "name", name="pk_baselines"),
    )


def downgrade() -> None:
    op.drop_table("baselines")
    # The version before refuses a job that names what it does not know.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        if spec.pop("baselines", None) is not None:
            change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=spec)
            connection.execute(change)
