"""Landscapes that mislead: the 15,625 cells of the `nasbench201` space, worth something else.

A sampler that is tuned to the real table, or trusts its idea of what makes networks good, fails
on some of them. Landscapes come in families, whose members differ by what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.bench.table import Table
from search_spaces.nasbench201.canonical import representative
from search_spaces.nasbench201.operations import EDGES, OPERATIONS

Values = NDArray[np.float64]
Cells = NDArray[np.intp]
"""The number of each edge's operation, shape `(cells, 6)`."""

NAMES = list(OPERATIONS)
CHOICES = len(OPERATIONS)
PLACES = CHOICES ** np.arange(len(EDGES))[::-1]
PLATEAUS_FROM = 85
TIES = 1e-3
SIZE_FROM, SIZE_COSTS = 80, 0.25
TRAPPED = 0.02


@dataclass(frozen=True)
class Landscape:
    """What each row of the table is worth, in its order.

    `clean` is that without the noise, where there is some: a table has one number per cell, so
    that noise decides which cell is best, and no model can foresee it.
    """

    family: str
    instance: int
    values: Values
    clean: Values | None = None

    @property
    def name(self) -> str:
        """The family with the number of the instance."""
        return f"{self.family} #{self.instance}"


def permuted(values: Values, cells: Cells, rng: np.random.Generator, *, alike: bool) -> Values:
    """Give operations each other's names: on all edges alike, or on each edge differently."""
    every = rng.permutation(CHOICES)
    orders = [every if alike else rng.permutation(CHOICES) for _ in EDGES]
    renamed = np.stack([order[column] for order, column in zip(orders, cells.T, strict=True)], 1)
    order = np.argsort(cells @ PLACES)
    return values[order][renamed @ PLACES]


def noisy(values: Values, rng: np.random.Generator, deviation: float) -> Values:
    """Add noise that is the same whenever a cell is asked for."""
    return values + rng.normal(0, deviation, len(values))


def plateaus(values: Values, rng: np.random.Generator) -> Values:
    """Round to whole percents; noise of a thousandth breaks the ties."""
    return np.round(np.maximum(values, PLATEAUS_FROM)) + rng.normal(0, TIES, len(values))


def small_is_good(values: Values, cells: Cells) -> Values:
    """Charge for size, so that the best cells are small: more than accuracy pays for it."""
    canonical = canonical_cells(cells)
    size = 9 * (canonical == NAMES.index("nor_conv_3x3")).sum(axis=1)
    size += (canonical == NAMES.index("nor_conv_1x1")).sum(axis=1)
    return np.maximum(values, SIZE_FROM) - SIZE_COSTS * size


def trap(values: Values) -> Values:
    """Put the best fiftieth below the rest, so that what looks best by structure is not."""
    bound = np.quantile(values, 1 - TRAPPED)
    return np.where(values > bound, PLATEAUS_FROM + values - bound, values)


def deceptive(cells: Cells, rng: np.random.Generator) -> Values:
    """Lead up a broad slope, away from a peak that shows only near by.

    Each operation shared with one cell adds 1; the peak is another cell, which shows to those
    that share four of its six operations with it: a sixtieth of all.
    """
    slope, peak = rng.integers(CHOICES, size=(2, len(EDGES)))
    shared = (cells == peak).sum(axis=1)
    height = np.where(shared >= 4, 2 + 2.5 * (shared - 3), 0)
    return noisy((cells == slope).sum(axis=1) + height, rng, 0.3)


def rugged(cells: Cells, rng: np.random.Generator, interactions: int) -> Values:
    """Kauffman's NK model: each edge's worth depends on `interactions` other edges."""
    total = np.zeros(len(cells))
    for edge in range(len(EDGES)):
        others = [other for other in range(len(EDGES)) if other != edge]
        taken = [edge, *rng.choice(others, interactions, replace=False)]
        worth = rng.random(CHOICES ** len(taken))
        total += worth[cells[:, taken] @ CHOICES ** np.arange(len(taken))]
    return 100 * total / len(EDGES)


def canonical_cells(cells: Cells) -> Cells:
    """Return the cells as their canonical forms, which leave out what has no effect."""
    return np.array(
        [
            [NAMES.index(operation) for operation in representative(tuple(NAMES[i] for i in cell))]
            for cell in cells
        ]
    )


def landscapes(table: Table) -> Iterator[Landscape]:
    """Yield all landscapes, family by family, the real one first."""
    cells = np.array([[NAMES.index(str(answer)) for answer in key] for key in table.values])
    real = np.array(list(table.values.values()))
    yield Landscape("as trained", 0, real)
    yield Landscape("reversed", 0, -real)
    yield Landscape("small is good", 0, small_is_good(real, cells))
    yield Landscape("trap", 0, trap(real))
    drawn: dict[str, tuple[int, int, Callable[[np.random.Generator], Values]]] = {
        "operations renamed": (54, 2, lambda rng: permuted(real, cells, rng, alike=True)),
        "renamed on each edge": (55, 2, lambda rng: permuted(real, cells, rng, alike=False)),
        "plateaus": (66, 4, lambda rng: plateaus(real, rng)),
        "deceptive": (77, 6, lambda rng: deceptive(cells, rng)),
        "NK, K=1": (1, 12, lambda rng: rugged(cells, rng, 1)),
        "NK, K=2": (2, 12, lambda rng: rugged(cells, rng, 2)),
        "NK, K=3": (3, 6, lambda rng: rugged(cells, rng, 3)),
    }
    for family, (seed, instances, draw) in drawn.items():
        for instance in range(instances):
            yield Landscape(family, instance, draw(np.random.default_rng([seed, instance])))
    for seed, instances, deviation in ((98, 4, 0.3), (99, 6, 1.0)):
        for instance in range(instances):
            values = noisy(real, np.random.default_rng([seed, instance]), deviation)
            yield Landscape(f"noise of {deviation:g}", instance, values, real)
    for instance in range(6):
        rng = np.random.default_rng([88, instance])
        clean = rugged(cells, rng, 2)
        values = noisy(clean, rng, clean.std() / 2)
        yield Landscape("NK, K=2, with noise", instance, values, clean)
