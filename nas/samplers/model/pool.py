"""The candidates that a proposal is chosen from.

A small space is a candidate list of its own. In any other, candidates are drawn: uniformly, as
mutants and crossings of the best architectures so far, and as neighbours of the very best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.samplers.model.features import FeatureTable, Rows
from search_spaces.variation import cross_choices, draw_choices, mutate_choices

UNIFORM = 100
MUTANTS = 150
CROSSINGS = 50
MOST_CHANGES = 3


def draw_pool(table: FeatureTable, best: Sequence[int], rng: np.random.Generator) -> Rows:
    """Draw candidates around the rows in `best`, the best one first."""
    decisions = table.decisions
    rows = [table.add(draw_choices(decisions, rng)) for _ in range(UNIFORM)]
    if best:
        rows += table.neighbours(best[0]).tolist()
        can_change = any(len(decision.choices) > 1 for decision in decisions)
        for _ in range(MUTANTS if can_change else 0):
            chosen = table.choices[best[int(rng.integers(len(best)))]]
            for _ in range(1 + int(rng.integers(MOST_CHANGES))):
                chosen = mutate_choices(decisions, chosen, rng)
            rows.append(table.add(chosen))
        for _ in range(CROSSINGS):
            first, second = (table.choices[best[i]] for i in rng.integers(len(best), size=2))
            rows.append(table.add(cross_choices(decisions, first, second, rng)))
    return np.array(list(dict.fromkeys(rows)), dtype=np.intp)
