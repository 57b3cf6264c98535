from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from nas.metrics import METRICS, metric_names
from nas.objective import Objective, ParetoObjective, SingleObjective, WeightedProduct
from nas.objective_request import ObjectiveRequest, objective_of, parse_objective

REQUEST: TypeAdapter = TypeAdapter(ObjectiveRequest)
DIRECTED = [name for name, metric in METRICS.items() if metric.direction]
BOUNDED = [name for name in DIRECTED if isfinite(METRICS[name].ideal)]
EXPONENTS = st.floats(-100, 0)
OBJECTIVES: st.SearchStrategy[Objective] = st.one_of(
    st.builds(SingleObjective, st.sampled_from(DIRECTED)),
    st.builds(
        WeightedProduct,
        st.sampled_from(metric_names(lambda metric: metric.is_cost)),
        st.floats(1e-300, 1e300),
        EXPONENTS,
        EXPONENTS,
    ),
    st.lists(st.sampled_from(BOUNDED), min_size=2, max_size=6, unique=True).map(
        lambda names: ParetoObjective(tuple(names))
    ),
)


@given(OBJECTIVES)
def test_objective_survives_being_written_out(objective):
    assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("accuracy", SingleObjective("accuracy")),
        ("accuracy, params ,latency_ms", ParetoObjective(("accuracy", "params", "latency_ms"))),
        ("accuracy*(latency_ms/5)^-0.07", WeightedProduct("latency_ms", 5)),
        ("accuracy * (params / 1e6) ^ (-0.1)", WeightedProduct("params", 1e6, -0.1, -0.1)),
        ("accuracy*max(1, macs/2e6)^-1", WeightedProduct("macs", 2e6, 0, -1)),
        ("accuracy*(latency_ms/5)^(-.05|-2)", WeightedProduct("latency_ms", 5, -0.05, -2)),
    ],
)
def test_expressions_say_what_they_mean(text, objective):
    assert parse_objective(text) == objective


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beauty", "got 'beauty', allowed: one of accuracy, loss, .* or accuracy."),
        ("", "got '', allowed: one of"),
        ("depth", "got 'depth', allowed: one of"),
        ("accuracy,beauty", "got 'beauty' among several, allowed"),
        ("accuracy,accuracy", "got 'accuracy,accuracy', allowed: 2 to 6 different"),
        ("accuracy,", "got '' among several"),
        ("accuracy*(depth/5)^-1", "cost 'depth', allowed: params, macs, .*latency_ms"),
        ("loss*(params/5)^-1", "metric 'loss', allowed: accuracy"),
        ("accuracy*(params/0)^-1", "target: .*greater than 0"),
        ("accuracy*(params/1e999)^-1", "target: .*finite"),
        ("accuracy*(params/5)^2", "alpha: .*less than or equal to 0"),
        ("accuracy*(params/5)^(-0.05|1)", "beta: .*less than or equal to 0"),
        ("accuracy*(params/5)", "got .*allowed: one of"),
    ],
)
def test_unreadable_objective_says_what_is_allowed(text, message):
    with pytest.raises(ValueError, match=message):
        parse_objective(text)


@pytest.mark.parametrize(
    ("given_form", "stored", "objective"),
    [
        ("loss", "loss", SingleObjective("loss")),
        (["accuracy", "macs"], ["accuracy", "macs"], ParetoObjective(("accuracy", "macs"))),
        (
            {"cost": "latency_ms", "target": 5},
            {
                "metric": "accuracy",
                "cost": "latency_ms",
                "target": 5.0,
                "form": "soft",
                "alpha": None,
                "beta": None,
            },
            WeightedProduct("latency_ms", 5),
        ),
        (
            {"cost": "params", "target": 100, "form": "hard", "beta": -2},
            {
                "metric": "accuracy",
                "cost": "params",
                "target": 100.0,
                "form": "hard",
                "alpha": None,
                "beta": -2.0,
            },
            WeightedProduct("params", 100, 0, -2),
        ),
    ],
)
def test_objective_keeps_the_form_in_which_it_is_given(given_form, stored, objective):
    request = REQUEST.validate_python(given_form)
    assert objective_of(request) == objective
    assert REQUEST.dump_python(request, mode="json") == stored
    assert REQUEST.validate_python(stored) == request


@pytest.mark.parametrize(
    ("given_form", "message"),
    [
        (7, "got 7, allowed: one of accuracy"),
        (["accuracy"], "got 'accuracy', allowed: 2 to 6 different metrics"),
        (["accuracy", 3], "got 3 among several"),
        ({"cost": "beauty", "target": 5}, "cost 'beauty', allowed: params"),
        ({"cost": "params"}, "target: Field required"),
        ({"cost": "params", "target": 5, "form": "firm"}, "form: .*'soft' or 'hard'"),
        ({"cost": "params", "target": 5, "power": 2}, "power: Extra inputs"),
    ],
)
def test_form_that_is_no_objective_says_what_is_allowed(given_form, message):
    with pytest.raises(ValidationError, match=message):
        REQUEST.validate_python(given_form)
