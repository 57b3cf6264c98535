"""A job's best trial and its counts by status are found without reading all its trials.

Revision ID: 0014
Revises: 0012
"""

from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_trials_ranking", "trials", ["job_id", "status", "is_feasible", "reward"])


def downgrade() -> None:
    op.drop_index("ix_trials_ranking", "trials")
