"""Several objectives: what is known before training, the values of each, the hypervolume.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
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
    _create_latency_tables()


def _create_latency_tables() -> None:
    op.create_table(
        "latency_setups",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conditions_json", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_latency_setups"),
    )
    op.create_table(
        "operation_latencies",
        sa.Column("setup_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        _of_setup("operation_latencies"),
        sa.PrimaryKeyConstraint("setup_id", "key", name="pk_operation_latencies"),
    )
    op.create_table(
        "latency_fits",
        sa.Column("setup_id", sa.String(64), nullable=False),
        sa.Column("networks", sa.String(200), nullable=False),
        sa.Column("fit_json", sa.JSON(), nullable=False),
        _of_setup("latency_fits"),
        sa.PrimaryKeyConstraint("setup_id", "networks", name="pk_latency_fits"),
    )


def _of_setup(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["setup_id"],
        ["latency_setups.id"],
        name=f"fk_{table}_setup_id_latency_setups",
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in ("latency_fits", "operation_latencies", "latency_setups"):
        op.drop_table(table)
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
