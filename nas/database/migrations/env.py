"""Alembic's entry: migrate over the connection that the caller put into the configuration."""

from __future__ import annotations

from alembic import context

from nas.database import (
    api_keys,
    artifacts,
    audit,
    baselines,
    deleted_trials,
    jobs,
    latency,
    proposals,
    timings,
    trials,
)
from nas.database.base import Table

MODULES_THAT_DEFINE_TABLES = (
    api_keys,
    artifacts,
    audit,
    baselines,
    deleted_trials,
    jobs,
    latency,
    proposals,
    timings,
    trials,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
