from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.evaluation import Metrics
from nas.objective import Constraint, Objective
from search_spaces.analysis import Analysis, LayerAnalysis
from search_spaces.memory import MemoryUse


def analysis_of(params: int, macs: int) -> Analysis:
    layer = LayerAnalysis("layer", "Linear", (1,), params, macs)
    return Analysis((layer,), depth=1, memory=MemoryUse(4, 8, 4, 4, 0, 0))


def test_reward_grows_with_accuracy_and_falls_with_loss():
    assert Objective.ACCURACY.reward(Metrics(accuracy=0.75, loss=3.0)) == 0.75
    assert Objective.LOSS.reward(Metrics(accuracy=0.75, loss=3.0)) == -3.0


@pytest.mark.parametrize(
    ("text", "params", "macs", "holds"),
    [
        ("params<=100", 100, 0, True),
        ("params<=100", 101, 0, False),
        ("params<100", 100, 0, False),
        (" macs >= 1e3 ", 0, 1000, True),
        ("macs>1e3", 0, 1000, False),
        ("macs>1e3", 5000, 1001, True),
        ("params<=1_000", 1000, 0, True),
    ],
)
def test_constraint_bounds_its_metric(text, params, macs, holds):
    assert Constraint.parse(text).holds(analysis_of(params, macs)) is holds


@pytest.mark.parametrize(
    "text", ["", "params", "params=5", "params<=", "params<=many", "params<=nan", "latency<=5"]
)
def test_unreadable_constraint_says_what_is_allowed(text):
    with pytest.raises(ValueError, match="allowed: METRIC OPERATOR NUMBER") as caught:
        Constraint.parse(text)
    assert repr(text) in str(caught.value)


@given(
    st.sampled_from(["params", "macs"]),
    st.sampled_from(["<=", ">=", "<", ">"]),
    st.integers(0, 10**15) | st.floats(allow_nan=False),
)
def test_constraint_survives_being_written_out(metric, operator, bound):
    constraint = Constraint(metric, operator, float(bound))
    assert Constraint.parse(str(constraint)) == constraint


def test_round_bounds_are_written_briefly():
    assert str(Constraint.parse("params <= 1000000")) == "params<=1e+06"
    assert str(Constraint.parse("params <= 1234567")) == "params<=1234567"
