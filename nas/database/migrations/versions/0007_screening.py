"""Screening: the scores of proposals that are compared before training.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))
_NEW = ("evaluator", "evaluator_options", "screen")


def upgrade() -> None:
    with op.batch_alter_table("proposals") as proposals:
        proposals.add_column(sa.Column("score", sa.Double()))


def downgrade() -> None:
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("score")
    # The version before refuses a job that asks for what it does not know: such a job keeps its
    # trials, and is shown as one that trains all candidates for their accuracy.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        older = {name: value for name, value in spec.items() if name not in _NEW}
        if older.get("objective") == "score":
            older["objective"] = "accuracy"
        older["constraints"] = [
            text for text in older.get("constraints", []) if not text.startswith("score")
        ]
        if "sampler_options" in older:
            older["sampler_options"] = {
                name: value
                for name, value in older["sampler_options"].items()
                if name != "warm_start"
            }
        if older != spec:
            change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=older)
            connection.execute(change)
