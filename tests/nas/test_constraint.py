from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.constraint import Constraint, first_broken, short
from nas.metrics import METRICS


@pytest.mark.parametrize(
    ("text", "figure", "holds"),
    [
        ("params<=100", 100, True),
        ("params<=100", 101, False),
        ("params<100", 100, False),
        (" macs >= 1e3 ", 1000, True),
        ("macs>1e3", 1000, False),
        ("macs>1e3", 1001, True),
        ("params<=1_000", 1000, True),
        ("latency_ms<=5", 5.5, False),
        ("accuracy>=0.9", 0.91, True),
        ("receptive_field>=31", 30, False),
    ],
)
def test_constraint_bounds_its_metric(text, figure, holds):
    constraint = Constraint.parse(text)
    assert constraint.holds({constraint.metric: figure}) is holds
    assert (constraint.violation({constraint.metric: figure}) == 0) is holds or figure in (
        100,
        1000,
    )


@pytest.mark.parametrize(
    "text",
    ["", "params", "params=5", "params<=", "params<=many", "params<=nan", "latency<=5", "x>=1"],
)
def test_unreadable_constraint_says_what_is_allowed(text):
    with pytest.raises(ValueError, match="allowed: METRIC OPERATOR NUMBER") as caught:
        Constraint.parse(text)
    assert repr(text) in str(caught.value)
    assert "latency_ms" in str(caught.value)


@given(
    st.sampled_from(sorted(METRICS)),
    st.sampled_from(["<=", ">=", "<", ">"]),
    st.integers(0, 10**15) | st.floats(allow_nan=False),
)
def test_constraint_survives_being_written_out(metric, operator, bound):
    constraint = Constraint(metric, operator, float(bound))
    assert Constraint.parse(str(constraint)) == constraint


def test_round_bounds_are_written_briefly():
    assert str(Constraint.parse("params <= 1000000")) == "params<=1e+06"
    assert str(Constraint.parse("params <= 1234567")) == "params<=1234567"
    assert short(0.1 + 0.2) == "0.30000000000000004"


def test_violation_is_a_share_of_the_bound():
    assert Constraint.parse("params<=100").violation({"params": 150}) == 0.5
    assert Constraint.parse("accuracy>=0.9").violation({"accuracy": 0.5}) == pytest.approx(0.4)


def test_first_broken_constraint_is_named_and_unknown_figures_are_left_for_later():
    constraints = [Constraint.parse(text) for text in ("accuracy>=0.9", "params<=9", "macs<5")]
    assert first_broken(constraints, {"params": 9, "macs": 4}) is None
    assert first_broken(constraints, {"params": 10, "macs": 7}) == (
        "constraint params<=9 is not met: params is 10"
    )
