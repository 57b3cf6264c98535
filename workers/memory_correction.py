"""The memory estimate, corrected by the trials that ran out of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nas.database import Database
from nas.database.trials import list_shortages
from nas.recipe import Recipe
from search_spaces import Architecture, parse_architecture
from search_spaces.totals import Totals
from workers.placement import Placement, ShareOf, tensor_bytes

Analyze = Callable[[Architecture], Totals]


def corrected_share(
    database: Database, job_id: str, placement: Placement, analyze: Analyze
) -> ShareOf:
    """Say what of the cluster a trial of a job gets, by all that its trials have shown so far."""
    correction = partial(memory_correction, database, job_id, analyze)
    return partial(placement.share, analyze=analyze, correction=correction)


def memory_correction(database: Database, job_id: str, analyze: Analyze) -> float:
    """Return by how much the job's trials exceeded their estimate, at most; 1 if none did."""
    with database.read() as session:
        short = [
            (row.architecture_json, row.recipe_json, row.memory_bytes or 0)
            for row in list_shortages(session, job_id)
        ]
    factor = 1.0
    for architecture, recipe_json, memory_bytes in short:
        recipe = Recipe.model_validate(recipe_json)
        totals = analyze(parse_architecture(architecture))
        estimated = tensor_bytes(totals, recipe.batch_size, recipe.optimizer.value)
        factor = max(factor, memory_bytes / estimated)
    return factor
