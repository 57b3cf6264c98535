"""Several objectives: what is known before training, the values of each, the hypervolume.

Revision ID: 0005
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_JOBS = sa.table("jobs", sa.column("id", sa.String), sa.column("spec_json", sa.JSON))
_KNOWN_BEFORE = ("accuracy", "loss")


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("reference_json", sa.JSON()))
    with op.batch_alter_table("trials") as trials:
        trials.add_column(sa.Column("figures_json", sa.JSON()))
        trials.add_column(sa.Column("conditions_json", sa.JSON()))
        trials.add_column(sa.Column("objective_values", sa.JSON()))
        trials.add_column(sa.Column("hypervolume", sa.Double()))
        trials.add_column(
            sa.Column("is_feasible", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    with op.batch_alter_table("proposals") as proposals:
        proposals.add_column(sa.Column("values_json", sa.JSON()))


def downgrade() -> None:
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("values_json")
    with op.batch_alter_table("trials") as trials:
        for name in (
            "is_feasible",
            "hypervolume",
            "objective_values",
            "conditions_json",
            "figures_json",
        ):
            trials.drop_column(name)
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("reference_json")
    # The version before refuses a job that asks for what it does not know: such a job keeps its
    # trials, and is shown as one for accuracy without the constraints that are new.
    connection = op.get_bind()
    for job_id, spec in connection.execute(sa.select(_JOBS.c.id, _JOBS.c.spec_json)).all():
        older = dict(spec)
        older.pop("latency", None)
        if older.get("objective", "accuracy") not in _KNOWN_BEFORE:
            older["objective"] = "accuracy"
        older["constraints"] = [
            text for text in older.get("constraints", []) if text.startswith(("params", "macs"))
        ]
        if older != spec:
            change = _JOBS.update().where(_JOBS.c.id == job_id).values(spec_json=older)
            connection.execute(change)
