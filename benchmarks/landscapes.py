"""Samplers on landscapes that mislead: `python benchmarks/landscapes.py`.

Each landscape gives the 15,625 cells of the `nasbench201` space other values than training did.
A sampler that is tuned to the real table, or trusts its idea of what makes networks good, fails
on some of them. Printed is the mean regret after 200 queries, and its ratio to that of
regularised evolution in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nas.bench.comparing import compare
from nas.bench.summary import regret_curves, summarise
from nas.bench.table import Table, load_table
from search_spaces.nasbench201.canonical import representative
from search_spaces.nasbench201.operations import EDGES, OPERATIONS

Values = NDArray[np.float64]
Cells = NDArray[np.intp]
"""The number of each edge's operation, shape `(cells, 6)`."""

CHOICES = len(OPERATIONS)
NK_INSTANCES = 4
"""Rugged landscapes differ much among themselves."""

PLACES = CHOICES ** np.arange(len(EDGES))[::-1]


def permuted(values: Values, cells: Cells, rng: np.random.Generator, *, alike: bool) -> Values:
    """Give operations each other's names: on all edges alike, or on each edge differently."""
    every = rng.permutation(CHOICES)
    orders = [every if alike else rng.permutation(CHOICES) for _ in EDGES]
    renamed = np.stack([order[column] for order, column in zip(orders, cells.T, strict=True)], 1)
    return values[renamed @ PLACES]


def noisy(values: Values, rng: np.random.Generator, deviation: float) -> Values:
    """Add noise that is the same whenever a cell is asked for."""
    return values + rng.normal(0, deviation, len(values))


def plateaus(values: Values, rng: np.random.Generator) -> Values:
    """Round to whole percents; noise of a thousandth breaks the ties."""
    return np.round(np.maximum(values, 85)) + rng.normal(0, 1e-3, len(values))


def small_is_good(values: Values, canonical: Cells) -> Values:
    """Charge for size, so that the best cells are small: more than accuracy pays for it."""
    names = list(OPERATIONS)
    size = 9 * (canonical == names.index("nor_conv_3x3")).sum(axis=1)
    size += (canonical == names.index("nor_conv_1x1")).sum(axis=1)
    return np.maximum(values, 80) - 0.25 * size


def trap(values: Values) -> Values:
    """Put the best fiftieth below the rest, so that what looks best by structure is not."""
    bound = np.quantile(values, 0.98)
    return np.where(values > bound, 85 + values - bound, values)


def rugged(cells: Cells, rng: np.random.Generator, interactions: int) -> Values:
    """Kauffman's NK model: each edge's worth depends on `interactions` other edges."""
    total = np.zeros(len(cells))
    for edge in range(len(EDGES)):
        others = [other for other in range(len(EDGES)) if other != edge]
        taken = [edge, *rng.choice(others, interactions, replace=False)]
        worth = rng.random(CHOICES ** len(taken))
        total += worth[cells[:, taken] @ CHOICES ** np.arange(len(taken))]
    return 100 * total / len(EDGES)


def landscapes(table: Table) -> dict[str, Values]:
    """Return all landscapes by name, the real one first, in the order of the table's rows."""
    names = list(OPERATIONS)
    cells = np.array([[names.index(str(answer)) for answer in key] for key in table.values])
    order = np.argsort(cells @ PLACES)
    values = np.empty(len(cells))
    values[cells @ PLACES] = list(table.values.values())
    cells = cells[order]
    canonical = np.array(
        [
            [names.index(operation) for operation in representative(tuple(names[i] for i in cell))]
            for cell in cells
        ]
    )
    seeded: Callable[[int], np.random.Generator] = np.random.default_rng
    found = {
        "as trained": values,
        "operations renamed": permuted(values, cells, seeded(1), alike=True),
        "renamed on each edge": permuted(values, cells, seeded(2), alike=False),
        "noise of 0.3": noisy(values, seeded(3), 0.3),
        "noise of 1": noisy(values, seeded(4), 1.0),
        "plateaus": plateaus(values, seeded(5)),
        "reversed": -values,
        "small is good": small_is_good(values, canonical),
        "trap": trap(values),
    }
    for interactions in (1, 2, 3):
        for instance in range(NK_INSTANCES):
            rng = np.random.default_rng([interactions, instance])
            found[f"NK K={interactions} #{instance}"] = rugged(cells, rng, interactions)
    place = {tuple(names[i] for i in cell): row for row, cell in enumerate(cells)}
    rows = [place[tuple(map(str, key))] for key in table.values]
    return {name: each[rows] for name, each in found.items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", default="model,evolution,local,random")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", default="", help="how the names begin, with commas between")
    options = parser.parse_args()
    samplers = list(dict.fromkeys([*options.samplers.split(","), "evolution"]))
    table = load_table("nb201")
    print(
        f"{'landscape':22}{'sampler':12}{'regret':>9}{'ratio':>8}{'found':>8}{'median':>8}{'ms':>7}"
    )
    for name, values in landscapes(table).items():
        if not name.startswith(tuple(options.only.split(","))):
            continue
        changed = Table(name, table.space, dict(zip(table.values, values.tolist(), strict=True)))
        runs = compare(changed, samplers, seeds=options.seeds, queries=options.queries)
        regret = {
            each: float(regret_curves(runs[each], options.queries)[:, -1].mean())
            for each in samplers
        }
        for each in samplers:
            figures = summarise(runs[each], options.queries)
            median = figures["median_queries_to_optimum"]
            print(
                f"{name:22}{each:12}{regret[each]:9.4f}"
                f"{regret[each] / regret['evolution'] if regret['evolution'] else np.nan:8.2f}"
                f"{figures['share_at_optimum']:8.0%}{'–' if median is None else median:>8}"
                f"{1000 * figures['seconds_per_ask']:7.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
