"""Where vertices stand within their rows: near their neighbours, in order, never overlapping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from search_spaces.svg.layers import Layers

_SWEEPS = 60
_GROUP_WEIGHTS = 8.0, 100.0


def place_horizontally(
    layers: Layers, rows: Sequence[Sequence[int]], widths: Mapping[int, float], gap: float
) -> dict[int, float]:
    """Return each vertex's centre, the leftmost edge at 0; `rows` are the layers' in order.

    Sweeps down and up the rows pull each vertex to the mean of its neighbours, and those of a
    group that is to stand in one column ever more to the group's mean.
    """
    near: dict[int, list[int]] = defaultdict(list)
    for upper, lower in layers.links:
        near[upper].append(lower)
        near[lower].append(upper)
    group_of = _columns(layers, rows)
    centres: dict[int, float] = {}
    for row in rows:
        packed = _offsets(row, widths, gap)
        middle = (packed[-1] if packed else 0.0) / 2
        centres |= {vertex: at - middle for vertex, at in zip(row, packed, strict=True)}
    for sweep in range(_SWEEPS):
        group_weight = _GROUP_WEIGHTS[2 * sweep // _SWEEPS]
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted, weights = [], []
            for vertex in row:
                total = float(len(near[vertex]))
                pull = sum(centres[each] for each in near[vertex])
                if vertex in group_of:
                    group = group_of[vertex]
                    pull += group_weight * sum(centres[each] for each in group) / len(group)
                    total += group_weight
                wanted.append(pull / total if total else centres[vertex])
                weights.append(total or 0.1)
            centres |= zip(row, _apart(wanted, weights, _offsets(row, widths, gap)), strict=True)
    left = min(centres[v] - widths[v] / 2 for v in centres)
    return {vertex: centre - left for vertex, centre in centres.items()}


def _columns(layers: Layers, rows: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    """Return what each vertex is to stand in line with, where there is anything.

    That is the lane of a dummy, and the longest path if no other is as long.
    """
    lanes: dict[int, list[int]] = defaultdict(list)
    for dummy, source in layers.lanes.items():
        lanes[source].append(dummy)
    lane_of = {dummy: lanes[source] for dummy, source in layers.lanes.items()}
    after: dict[int, list[int]] = defaultdict(list)
    for upper, lower in layers.links:
        if upper not in layers.lanes and lower not in layers.lanes:
            after[upper].append(lower)
    steps: dict[int, int] = {}
    for row in reversed(rows):
        for vertex in row:
            steps[vertex] = 1 + max((steps[each] for each in after[vertex]), default=0)
    path, ahead = [], list(steps)
    while ahead:
        most = max(steps[vertex] for vertex in ahead)
        longest = [vertex for vertex in ahead if steps[vertex] == most]
        if len(longest) > 1:
            return lane_of
        path += longest
        ahead = after[path[-1]]
    return lane_of | dict.fromkeys(path, path)


def _offsets(row: Sequence[int], widths: Mapping[int, float], gap: float) -> list[float]:
    """Return the centres of vertices packed as close as they may stand, the first at 0."""
    at, offsets = 0.0, []
    for number, vertex in enumerate(row):
        if number:
            at += (widths[row[number - 1]] + widths[vertex]) / 2 + gap
        offsets.append(at)
    return offsets


def _apart(
    wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]
) -> list[float]:
    """Return the places nearest to those wanted, in weighted squares, that keep the distances.

    Less their offsets the places must not decrease, so this is isotonic regression, solved by
    pooling adjacent violators (Barlow, Bartholomew, Bremner, Brunk 1972).
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, number of vertices
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            before, more, members = pools.pop()
            mean = (before * more + mean * total) / (more + total)
            total, count = more + total, members + count
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
