"""What jobs spend their time on, and how busy their workers are.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phase_times",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _of_job("phase_times"),
        sa.PrimaryKeyConstraint("job_id", "phase", name="pk_phase_times"),
    )
    op.create_table(
        "worker_times",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("slot_seconds", sa.Double(), nullable=False),
        sa.Column("busy_seconds", sa.Double(), nullable=False),
        _of_job("worker_times"),
        sa.PrimaryKeyConstraint("job_id", name="pk_worker_times"),
    )


def _of_job(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_table("worker_times")
    op.drop_table("phase_times")
