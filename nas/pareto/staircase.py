"""The front of points in the plane, as a staircase; both coordinates are to be maximised."""

from __future__ import annotations

from bisect import bisect_left

Point = tuple[float, float]


class Staircase:
    """Keeps what is not dominated, sorted, and knows how much area each new point adds.

    The place of a point is found in O(log n); each point is taken out at most once, so that
    removals cost O(1) per point added. (The list moves its tail when a point is put in, which at
    10,000 points takes less time than the search.)
    """

    def __init__(self, reference: Point) -> None:
        self._reference = reference
        self._xs: list[float] = []  # ascending, so that the ys descend
        self._ys: list[float] = []
        self.area = 0.0

    def __len__(self) -> int:
        return len(self._xs)

    def insert(self, x: float, y: float) -> tuple[bool, list[Point]]:
        """Add a point unless one is at least as good in both; returns whether, and who had to go.

        `area` grows by what it dominates of the plane above the reference that none did before.
        """
        end = bisect_left(self._xs, x)
        if end < len(self._xs) and self._ys[end] >= y:
            return False, []
        height_beyond = self._reference[1]
        if end < len(self._xs):
            if self._xs[end] == x:
                end += 1
            if end < len(self._xs):
                height_beyond = self._ys[end]
        start = end
        while start > 0 and self._ys[start - 1] <= y:
            start -= 1
        self.area += self._gained(x, y, start, end, height_beyond)
        removed = list(zip(self._xs[start:end], self._ys[start:end], strict=True))
        self._xs[start:end], self._ys[start:end] = [x], [y]
        return True, removed

    def _gained(self, x: float, y: float, start: int, end: int, height_beyond: float) -> float:
        """Add up, between the steps that the point buries, what lies above them."""
        least_x, least_y = self._reference
        top = max(y, least_y)
        left = max(self._xs[start - 1], least_x) if start > 0 else least_x
        gained = 0.0
        for step in range(start, end):
            right = max(self._xs[step], least_x)
            gained += (right - left) * (top - max(self._ys[step], least_y))
            left = right
        return gained + max(0.0, x - left) * (top - max(height_beyond, least_y))
