"""Figures of a comparison: many seeds of each sampler on one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.bench.running import Run

BUDGETS = (25, 50, 100, 150, 200, 300, 500)
"""Numbers of queries after which regret is stated."""


def regret_curves(runs: Sequence[Run], queries: int) -> NDArray[np.float64]:
    """Return the regret after each query, shape `(seeds, queries)`; a run that ended stays put."""
    curves = np.empty((len(runs), queries))
    for curve, run in zip(curves, runs, strict=True):
        ended = len(run.regrets)
        curve[:ended] = run.regrets
        curve[ended:] = run.regrets[-1] if ended else np.nan
    return curves


def summarise(runs: Sequence[Run], queries: int) -> dict[str, Any]:
    """Return a sampler's figures; a seed without the optimum counts as later than all others."""
    found = np.array(
        [np.inf if run.queries_to_optimum is None else run.queries_to_optimum for run in runs]
    )
    curves = regret_curves(runs, queries)
    quartiles = [_finite(np.quantile(found, q, method="inverted_cdf")) for q in (0.25, 0.5, 0.75)]
    asks = sum(run.asks for run in runs)
    return {
        "seeds": len(runs),
        "queries_to_optimum": [run.queries_to_optimum for run in runs],
        "median_queries_to_optimum": quartiles[1],
        "quartiles_queries_to_optimum": quartiles,
        "p95_queries_to_optimum": _finite(np.quantile(found, 0.95, method="inverted_cdf")),
        "share_at_optimum": float(np.isfinite(found).mean()),
        "mean_regret": {
            str(budget): float(curves[:, budget - 1].mean())
            for budget in (*BUDGETS, queries)
            if budget <= queries
        },
        "seconds_per_ask": sum(run.ask_seconds for run in runs) / max(asks, 1),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
