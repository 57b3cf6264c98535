"""Trials tell where memory did not hold their batches.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trials", sa.Column("batch_size", sa.Integer()))
    op.add_column("trials", sa.Column("memory_bytes", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("trials", "memory_bytes")
    op.drop_column("trials", "batch_size")
