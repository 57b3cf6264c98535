"""Alembic's entry: migrate over the connection that the caller put into the configuration."""

from __future__ import annotations

from alembic import context

from nas.database.base import Table  # with its package, whose modules define the tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
