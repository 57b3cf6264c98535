from __future__ import annotations

import pytest

from nas.constraint import Constraint
from nas.database.jobs import find_or_raise_job
from nas.database.trials import list_trials
from nas.errors import InvalidInputError
from nas.pareto.reference import cut_to_bounds
from nas.pareto.view import AFTERWARDS_RULE, STORED_RULE, pareto_view
from tests.nas.factories import HashedLatency, add_job, new_database, new_loop, run_to_the_end

SPACE = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]}


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


def searched(database, **changes) -> str:
    job_id = add_job(database, trials=10, space_options=SPACE, **changes)
    run_to_the_end(new_loop(database, job_id, appraisers=[HashedLatency()]))
    return job_id


def view_of(database, job_id, metrics=None):
    with database.read() as session:
        return pareto_view(session, find_or_raise_job(session, job_id), metrics)


def test_front_and_curve_of_a_job_that_sought_one_are_those_recorded(database):
    job_id = searched(database, objective="accuracy,params,latency_ms")
    view = view_of(database, job_id)
    with database.read() as session:
        trials = list(list_trials(session, job_id))
        reference = find_or_raise_job(session, job_id).reference_json
    assert view.metrics == ["accuracy", "params", "latency_ms"]
    assert view.reference == reference
    assert view.reference_rule == STORED_RULE
    assert [point.hypervolume for point in view.series] == [t.hypervolume for t in trials]
    assert view.hypervolume == trials[-1].hypervolume > 0
    front = {trial.number for trial in view.front}
    for trial in trials:
        beaten = any(
            other.objective_values != trial.objective_values
            and all(
                a >= b for a, b in zip(other.objective_values, trial.objective_values, strict=True)
            )
            for other in trials
        )
        assert (trial.number in front) is not beaten
    accuracies = [trial.metrics.accuracy for trial in view.front]
    assert accuracies == sorted(accuracies, reverse=True)


def test_any_job_has_a_front_in_any_metrics_that_its_trials_have(database):
    job_id = searched(database, constraints=["macs<=40000", "accuracy>=0.3"])
    view = view_of(database, job_id, ["accuracy", "macs", "peak_memory_bytes"])
    assert view.reference_rule == AFTERWARDS_RULE
    assert view.reference["accuracy"] == 0.1
    assert 0 < view.reference["macs"] <= 40000
    volumes = [point.hypervolume for point in view.series]
    assert volumes == sorted(volumes) and len(volumes) == 10
    assert all(trial.metrics.accuracy >= 0.3 for trial in view.front)
    assert all(trial.is_feasible for trial in view.front)


@pytest.mark.parametrize(
    ("objective", "metrics"),
    [
        ("accuracy", ["accuracy", "params"]),
        ("params", ["accuracy", "params"]),
        ("accuracy*(macs/1e5)^-0.07", ["accuracy", "macs"]),
    ],
)
def test_job_with_one_objective_is_shown_against_a_cost(database, objective, metrics):
    assert view_of(database, searched(database, objective=objective)).metrics == metrics


def test_job_without_trials_has_an_empty_front(database):
    view = view_of(database, add_job(database, objective="accuracy,params"))
    assert (view.front, view.series, view.hypervolume, view.reference) == ([], [], 0.0, None)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["accuracy"], "metrics: got 'accuracy', allowed: 2 to 6 different ones"),
        (["accuracy", "accuracy"], "metrics: got 'accuracy,accuracy', allowed"),
        (["accuracy", "depth"], "metrics: got 'depth', allowed: accuracy, loss, params"),
        (["accuracy", "beauty"], "metrics: got 'beauty', allowed: accuracy"),
    ],
)
def test_metrics_that_make_no_front_are_refused_with_what_is_allowed(database, metrics, message):
    job_id = add_job(database)
    with pytest.raises(InvalidInputError, match=message):
        view_of(database, job_id, metrics)


def test_figure_that_no_trial_has_is_named(database):
    job_id = add_job(database, trials=2, space_options=SPACE)
    run_to_the_end(new_loop(database, job_id))
    with pytest.raises(InvalidInputError, match=r"no completed trial .* allowed: accuracy, loss"):
        view_of(database, job_id, ["accuracy", "latency_ms"])


def test_bound_lowers_the_reference_of_a_cost_alone():
    texts = ("params<=50", "params<10", "macs<=1e9", "loss<=0.5", "accuracy<=0.2", "macs>=5")
    constraints = [Constraint.parse(text) for text in texts]
    reference = {"accuracy": 0.1, "loss": 2.3, "params": 100.0, "macs": 100.0}
    assert cut_to_bounds(reference, constraints) == reference | {"params": 10.0}
