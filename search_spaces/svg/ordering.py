"""The order of vertices within their rows: few crossings, by barycentres (Sugiyama et al. 1981)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from search_spaces.svg.layers import Layers

_SWEEPS = 16

Rows = Sequence[Sequence[int]]


def order(layers: Layers) -> tuple[tuple[int, ...], ...]:
    """Return the rows reordered, the best of several sweeps down and up."""
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for upper, lower in layers.links:
        above[lower].append(upper)
        below[upper].append(lower)
    rows = [list(row) for row in layers.rows]
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        neighbours = above if down else below
        numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in numbers:
            fixed = rows[number - 1 if down else number + 1]
            rows[number] = _by_barycentre(rows[number], fixed, neighbours)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return tuple(map(tuple, best))


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
