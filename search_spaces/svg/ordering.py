"""The order of vertices within their rows: few crossings, by barycentres (Sugiyama et al. 1981)."""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from search_spaces.svg.layers import Layers

_SWEEPS, _STARTS = 16, 8

Rows = Sequence[Sequence[int]]


def order(layers: Layers) -> tuple[tuple[int, ...], ...]:
    """Return the rows reordered: the best of several sweeps from several first orders.

    Sweeps end in the nearest local optimum, so they start from the order as it is and from some
    shuffled ones, always the same.
    """
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for upper, lower in layers.links:
        above[lower].append(upper)
        below[upper].append(lower)
    shuffling = random.Random(0)
    best, fewest = layers.rows, _crossings(layers.rows, below)
    for start in range(_STARTS):
        rows = [list(row) for row in layers.rows]
        if start:
            rows = [shuffling.sample(row, len(row)) for row in rows]
        for sweep in range(_SWEEPS):
            if fewest == 0:
                return best
            _sweep(rows, above if sweep % 2 == 0 else below, down=sweep % 2 == 0)
            crossings = _crossings(rows, below)
            if crossings < fewest:
                best, fewest = tuple(map(tuple, rows)), crossings
    return best


def _sweep(rows: list[list[int]], neighbours: Mapping[int, Sequence[int]], *, down: bool) -> None:
    """Sort each row by the one before it, from the top down or from the bottom up."""
    step = 1 if down else -1
    for number in list(range(len(rows)))[::step][1:]:
        rows[number] = _by_barycentre(rows[number], rows[number - step], neighbours)


def _by_barycentre(
    row: Sequence[int], fixed: Sequence[int], neighbours: Mapping[int, Sequence[int]]
) -> list[int]:
    """Sort a row by the mean place of its neighbours; a vertex without any keeps its place."""
    place = {vertex: number for number, vertex in enumerate(fixed)}
    scale = max(1, len(fixed) - 1) / max(1, len(row) - 1)
    wanted = {}
    for number, vertex in enumerate(row):
        places = [place[neighbour] for neighbour in neighbours.get(vertex, ())]
        wanted[vertex] = sum(places) / len(places) if places else number * scale
    return sorted(row, key=wanted.__getitem__)


def _crossings(rows: Rows, below: Mapping[int, Sequence[int]]) -> int:
    """Count the pairs of links between neighbouring rows that cross."""
    count = 0
    for upper, lower in pairwise(rows):
        place = {vertex: number for number, vertex in enumerate(lower)}
        ends: list[int] = []
        for vertex in upper:
            reached = [place[each] for each in below.get(vertex, ())]
            count += sum(len(ends) - bisect_right(ends, each) for each in reached)
            for each in reached:
                insort(ends, each)
    return count
