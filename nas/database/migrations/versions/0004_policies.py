"""Policies over time, and the states of samplers.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("update", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("entropy", sa.Double(), nullable=False),
        sa.Column("baseline", sa.Double()),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_policies_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "update", name="pk_policies"),
    )
    op.create_table(
        "sampler_states",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_sampler_states_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_sampler_states"),
    )


def downgrade() -> None:
    op.drop_table("sampler_states")
    op.drop_table("policies")
