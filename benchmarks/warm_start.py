"""Whether a zero-cost proxy helps the model sampler, and what it costs where the proxy misleads.

    python benchmarks/warm_start.py --table cells-digits --seeds 20 --queries 100

For each proxy, and for its score with the sign turned round, prints the model's regret on a table
after 10, 25, 50 and 100 queries and the median of queries to the optimum. 64 networks are scored
per proxy, on digits: those of `nb201` resized to 3x32x32.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from proxies import SHAPES, new_scorer

from nas.bench.problem import TableProblem
from nas.bench.running import Run, run_on_table
from nas.bench.summary import regret_curves
from nas.bench.table import load_table
from nas.database import open_database
from nas.proxies import PROXIES
from nas.recipe import Recipe
from search_spaces import Architecture
from workers.proxies.scorer import ProxyScorer

_BUDGETS = (10, 25, 50, 100)


class CachedScores:
    """A proxy's scores times `sign`, each computed once for all seeds."""

    def __init__(self, scorer: ProxyScorer, sign: float) -> None:
        self._scorer, self._sign = scorer, sign
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, architecture: Architecture, proxy: str) -> float:
        """Return the score."""
        key = architecture.content_hash, proxy
        if key not in self._known:
            self._known[key] = self._sign * self._scorer.score(architecture, proxy).value
        return self._known[key]


def main() -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--table", choices=SHAPES, required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--proxies", default=",".join(PROXIES), help="with commas between")
    parser.add_argument("--batch-size", type=int, default=Recipe().batch_size)
    options = parser.parse_args()
    torch.set_num_threads(1)
    scorer = new_scorer(options.table, options.batch_size, 0)
    table = load_table(options.table)
    budgets = [budget for budget in _BUDGETS if budget <= options.queries]
    print(f"{options.table}, {options.seeds} seeds: mean regret after {budgets} queries")
    variants: list[tuple[str, float]] = [("", 1.0)]
    variants += [(name, sign) for name in options.proxies.split(",") for sign in (1.0, -1.0)]
    for proxy, sign in variants:
        problem = TableProblem(table, CachedScores(scorer, sign))
        with tempfile.TemporaryDirectory() as directory:
            database = open_database(f"sqlite:///{Path(directory) / 'bench.db'}")
            warm = {"warm_start": proxy} if proxy else {}
            runs = [
                run_on_table(database, problem, "model", seed, options.queries, warm)
                for seed in range(options.seeds)
            ]
            database.close()
        print(_line(f"{'-' if sign < 0 else ''}{proxy}" or "none", runs, options.queries, budgets))


def _line(name: str, runs: list[Run], queries: int, budgets: list[int]) -> str:
    curves = regret_curves(runs, queries)
    regrets = " ".join(f"{np.mean(curves[:, budget - 1]):8.4f}" for budget in budgets)
    found = [run.queries_to_optimum or queries + 1 for run in runs]
    share = sum(value <= queries for value in found) / len(found)
    return f"{name:11s} {regrets}   median {statistics.median(found):5.1f}, found {share:.0%}"


if __name__ == "__main__":
    main()
