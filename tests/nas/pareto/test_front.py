from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from nas.pareto import ParetoFront
from nas.pareto.hypervolume import hypervolume, undominated

COORDINATES = st.integers(-2, 6).map(float) | st.floats(-0.5, 5)


def points_of(dimensions: int, most: int) -> st.SearchStrategy[list[tuple[float, ...]]]:
    return st.lists(st.tuples(*[COORDINATES] * dimensions), min_size=1, max_size=most)


SERIES = st.integers(2, 5).flatmap(lambda m: points_of(m, 24 if m < 4 else 10))


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def brute_front(points: list[tuple[float, ...]]) -> list[int]:
    return [
        i for i, point in enumerate(points) if not any(dominates(other, point) for other in points)
    ]


def brute_volume(points: list[tuple[float, ...]]) -> float:
    """Inclusion and exclusion over all cells of the grid that the coordinates make."""
    edges = [np.unique([0.0, *(max(0.0, c) for c in column)]) for column in zip(*points)]  # noqa: B905
    sizes = [np.diff(edge) for edge in edges]
    total = 0.0
    for cell in np.ndindex(*(len(size) for size in sizes)):
        corner = [edge[i + 1] for edge, i in zip(edges, cell, strict=True)]
        if any(all(p >= c for p, c in zip(point, corner, strict=True)) for point in points):
            total += np.prod([size[i] for size, i in zip(sizes, cell, strict=True)])
    return total


def front_of(dimensions: int) -> ParetoFront[int]:
    return ParetoFront([0.0] * dimensions, [10.0] * dimensions)


@settings(max_examples=40)
@given(SERIES)
def test_front_and_hypervolume_are_those_of_brute_force_after_every_point(points):
    front = front_of(len(points[0]))
    for count, point in enumerate(points, 1):
        before = front.hypervolume
        is_on_front = front.add(count - 1, point)
        assert sorted(front) == brute_front(points[:count])
        assert len(front) == len(brute_front(points[:count]))
        assert is_on_front is (count - 1 in front)
        assert front.hypervolume >= before
    box = 10.0 ** len(points[0])
    assert front.hypervolume * box == pytest.approx(brute_volume(points), abs=1e-9)


@pytest.mark.parametrize("dimensions", [2, 3, 4, 5, 6])
def test_hypervolume_of_many_points_agrees_with_optuna(dimensions):
    points = np.random.default_rng(dimensions).random((60, dimensions))
    expected = compute_hypervolume(-points, np.zeros(dimensions))
    assert hypervolume(points) == pytest.approx(expected, rel=1e-12)
    front = ParetoFront(np.zeros(dimensions), np.ones(dimensions))
    for number, point in enumerate(points.tolist()):
        front.add(number, tuple(point))
    assert front.hypervolume == pytest.approx(expected, rel=1e-9)


def test_single_objective_volume_is_the_best_value():
    assert hypervolume(np.array([[0.5], [2.0], [-1.0]])) == 2.0


def test_nothing_better_than_the_reference_has_no_volume():
    assert hypervolume(np.array([[-1.0, 3.0], [0.0, 1.0]])) == 0.0
    front = ParetoFront([0.0, 0.0], [1.0, 1.0])
    assert front.add("worse", (-1.0, 0.5))
    assert front.hypervolume == 0.0
    assert list(front) == ["worse"]


def test_members_come_best_in_the_first_value_first_and_equals_stay_together():
    front = front_of(2)
    for member, values in (("a", (1.0, 3.0)), ("b", (2.0, 2.0)), ("c", (2.0, 2.0))):
        assert front.add(member, values)
    assert list(front) == ["b", "c", "a"]
    assert front.add("d", (2.0, 4.0))
    assert list(front) == ["d"]
    assert not front.add("a again", (1.0, 3.0))


def test_front_whose_reference_is_not_worse_than_the_ideal_is_refused():
    with pytest.raises(ValueError, match=r"reference .0.0, 1.0., allowed: .* worse than"):
        ParetoFront([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="two values or more"):
        ParetoFront([0.0], [1.0])


@given(points_of(3, 20))
def test_undominated_points_are_the_brute_front_without_repeats(points):
    expected = {points[i] for i in brute_front(points)}
    assert set(map(tuple, undominated(np.array(points)).tolist())) == expected
