"""Jobs count their changes, deleted trials are remembered, and listings have their indices.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.String(36)
MOMENT = sa.DateTime(timezone=True)
PROPOSALS_TRIAL = "fk_proposals_trial_id_trials"
INDICES = {
    "ix_trials_revision": ["job_id", "revision"],
    "ix_trials_status": ["job_id", "status", "is_feasible", "reward"],
    "ix_trials_reward": ["job_id", "reward"],
    "ix_trials_accuracy": ["job_id", "accuracy"],
    "ix_trials_loss": ["job_id", "loss"],
    "ix_trials_params": ["job_id", "params"],
    "ix_trials_macs": ["job_id", "macs"],
    "ix_trials_cached_from": ["cached_from"],
}


def upgrade() -> None:
    for table, default in (("jobs", "1"), ("trials", "0")):
        op.add_column(
            table, sa.Column("revision", sa.Integer(), nullable=False, server_default=default)
        )
    # Who follows a job from its beginning is told of what is there already.
    op.execute("UPDATE trials SET revision = number + 1")
    op.execute(
        "UPDATE jobs SET revision = "
        "(SELECT coalesce(max(number), 0) + 1 FROM trials WHERE job_id = jobs.id)"
    )
    # Versions before left these behind when the answering trial's job was deleted.
    op.execute(
        "UPDATE trials SET cached_from = NULL WHERE cached_from NOT IN (SELECT id FROM trials)"
    )
    for name, columns in INDICES.items():
        op.create_index(name, "trials", columns)
    op.create_index("ix_artifacts_trial_id", "artifacts", ["trial_id"])
    op.create_table(
        "deleted_trials",
        sa.Column("trial_id", ID, nullable=False),
        sa.Column("job_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("architecture_hash", sa.String(64), nullable=False),
        sa.Column("evaluation_key", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_deleted_trials_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", name="pk_deleted_trials"),
    )
    op.create_index("ix_deleted_trials_job_id_revision", "deleted_trials", ["job_id", "revision"])
    # What a sampler proposed and was told is not changed by the deletion of a trial.
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_constraint(PROPOSALS_TRIAL, type_="foreignkey")


def downgrade() -> None:
    op.execute("UPDATE proposals SET trial_id = NULL WHERE trial_id NOT IN (SELECT id FROM trials)")
    with op.batch_alter_table("proposals") as proposals:
        proposals.create_foreign_key(
            PROPOSALS_TRIAL, "trials", ["trial_id"], ["id"], ondelete="SET NULL"
        )
    op.drop_table("deleted_trials")
    op.drop_index("ix_artifacts_trial_id", "artifacts")
    for name in INDICES:
        op.drop_index(name, "trials")
    for table in ("jobs", "trials"):
        op.drop_column(table, "revision")
