from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.samplers.model.features import View
from nas.samplers.model.gaussian_process import GaussianProcess
from nas.samplers.model.interactions import LARGEST_GROUP, MOST_CODES, Interactions
from nas.samplers.model.kernels import MatchKernel
from search_spaces import Condition, Decision
from search_spaces.variation import draw_choices

DECISIONS = (
    Decision("a", ("x", "y", "z")),
    Decision("fixed", ("only",)),
    Decision("b", (1, 2)),
    Decision("c", (1, 2, 3, 4), (Condition("a", frozenset({"x", "y"})),)),
    Decision("d", ("p", "q")),
)
OPEN = ("a", "b", "c", "d")


def drawn(count: int, seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [draw_choices(DECISIONS, rng) for _ in range(count)]


@given(st.integers(0, 1000))
def test_codes_are_equal_where_all_answers_of_a_group_are(seed):
    interactions = Interactions(DECISIONS)
    groups = [g for size in range(2, LARGEST_GROUP + 1) for g in combinations(OPEN, size)]
    assert [tuple(d.name for d in group.decisions) for group in interactions.groups] == groups
    left, right = drawn(2, seed)
    alike = interactions.codes(left) == interactions.codes(right)
    expected = [all(left.get(name) == right.get(name) for name in group) for group in groups]
    assert alike.tolist() == expected


def test_no_two_groups_share_a_code():
    interactions = Interactions(DECISIONS)
    codes = np.array([interactions.codes(choices) for choices in drawn(300, 0)])
    found = [set(column) for column in codes.T]
    assert sum(map(len, found)) == len(set().union(*found))


def test_spaces_with_many_decisions_or_choices_have_few_groups_or_none():
    many = [Decision(f"d{i}", (0, 1)) for i in range(40)]
    assert Interactions(many).groups == ()
    wide = [Decision(f"d{i}", tuple(range(120))) for i in range(4)]
    groups = Interactions(wide).groups
    assert sum(group.num_codes for group in groups) <= MOST_CODES


def test_covariance_of_matches_is_the_sum_over_groups():
    interactions = Interactions(DECISIONS)
    kernels = [MatchKernel(i, 0.1 * (i + 1)) for i in range(len(interactions.groups))]
    views = [
        {
            View.INTERACTIONS: np.array([interactions.codes(c) for c in drawn(count, seed)]),
            View.CAPACITY: np.zeros((count, 1)),
        }
        for count, seed in ((7, 1), (5, 2))
    ]
    constant = GaussianProcess([])._covariance(*views)
    apart = sum(kernel.amplitude * kernel.compare(*views) for kernel in kernels)
    np.testing.assert_allclose(GaussianProcess(kernels)._covariance(*views), constant + apart)
