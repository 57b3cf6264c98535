"""The database: one module per table, each with its queries."""

from nas.database import (
    api_keys,
    artifacts,
    audit,
    baselines,
    deleted_trials,
    jobs,
    latency,
    policies,
    proposals,
    sampler_states,
    timings,
    trials,
)
from nas.database.engine import Database, connect, open_database, upgrade_database

__all__ = [
    "Database",
    "api_keys",
    "artifacts",
    "audit",
    "baselines",
    "connect",
    "deleted_trials",
    "jobs",
    "latency",
    "open_database",
    "policies",
    "proposals",
    "sampler_states",
    "timings",
    "trials",
    "upgrade_database",
]
