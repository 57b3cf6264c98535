"""The volume that points dominate together above the origin, exactly; all is maximised.

In two dimensions a staircase has it; in three a staircase is swept along the third coordinate,
O(n log n) (Beume et al.: On the Complexity of Computing the Hypervolume Indicator, IEEE
Transactions on Evolutionary Computation 13, 2009). In more, what each point adds is the volume of
its box less that of the others cut to it, and of these few are left undominated (While, Bradstreet,
Barone: A Fast Way of Calculating Exact Hypervolumes, same journal 16, 2012, the WFG algorithm).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.pareto.staircase import Staircase

Points = NDArray[np.float64]
"""One point a row."""


def hypervolume(points: Points) -> float:
    """Return the volume between the origin and `points`, shape (n, m)."""
    points = undominated(points[(points > 0).all(axis=1)])
    if not len(points):
        return 0.0
    if points.shape[1] == 1:
        return float(points.max())
    if points.shape[1] <= 3:
        return _swept(points)
    # Largest first in the last coordinate: cut to a point, those before it all share its height.
    points = points[np.argsort(points[:, -1])[::-1]]
    flat, heights = points[:, :-1], points[:, -1].tolist()
    return float(sum(height * gained(flat[i], flat[:i]) for i, height in enumerate(heights)))


def gained(point: Points, others: Points) -> float:
    """Return the volume that `point`, shape (m,), dominates and none of `others`, (n, m), does."""
    box = float(point.prod()) if (point > 0).all() else 0.0
    if not len(others) or box == 0.0:
        return box
    return max(0.0, box - hypervolume(np.minimum(others, point)))


def undominated(points: Points) -> Points:
    """Return the points that no other dominates, one of equal ones, largest sum first."""
    points = np.unique(points, axis=0)
    left = points[np.argsort(points.sum(axis=1))[::-1]]
    kept = []
    while len(left):  # none of the rest dominates the first, whose sum is the largest
        kept.append(left[0])
        left = left[(left > left[0]).any(axis=1)]
    return np.array(kept).reshape(-1, points.shape[1])


def _swept(points: Points) -> float:
    """Sweep a staircase down the last of three coordinates; two are all at height 1."""
    if points.shape[1] == 2:
        points = np.column_stack([points, np.ones(len(points))])
    rows = points[np.argsort(points[:, 2])[::-1]].tolist()
    stairs, volume = Staircase((0.0, 0.0)), 0.0
    for (x, y, height), below in zip(rows, [*(row[2] for row in rows[1:]), 0.0], strict=True):
        stairs.insert(x, y)
        volume += stairs.area * (height - below)
    return volume
