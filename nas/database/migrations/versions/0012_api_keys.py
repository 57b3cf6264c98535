"""Keys, the audit log, and jobs that belong to a key.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.String(255), nullable=False),
        sa.Column("quota_json", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(36), sa.ForeignKey("api_keys.id", ondelete="SET NULL")),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(64)),
    )
    op.add_column("jobs", sa.Column("owner_key_id", sa.String(36)))
    op.create_index("ix_jobs_owner_key_id", "jobs", ["owner_key_id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_owner_key_id", "jobs")
    op.drop_column("jobs", "owner_key_id")
    op.drop_table("audit_log")
    op.drop_table("api_keys")
