from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest

from nas.database import open_database
from nas.errors import InvalidInputError, TrialInfeasibleError
from nas.latency import LatencyMethod, LatencyOptions
from nas.problem import SearchProblem
from search_spaces import Architecture, create_space
from tests.nas.factories import new_database
from workers.latency import prediction
from workers.latency.appraiser import new_latency_appraiser
from workers.latency.conditions import conditions_on, find_device, threads_set
from workers.latency.prediction import LatencyPredictor
from workers.latency.probe import LocalProbe, trace_shapes
from workers.latency.timing import Timing

SHAPE = (1, 8, 8)
FITTED = 5
OPTIONS = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_1x1", "max_pool_3x3"]}


@pytest.fixture(autouse=True)
def few_networks(monkeypatch):
    monkeypatch.setattr(prediction, "FITTED_NETWORKS", FITTED)


def problem() -> SearchProblem:
    return SearchProblem(create_space("cell", OPTIONS), SHAPE, 10)


def drawn(number: int) -> Architecture:
    return create_space("cell", OPTIONS).sample(np.random.default_rng(number))


class Device:
    """A device whose operations take what their names' lengths say, and twice that in a network."""

    def __init__(self, *, lacking: str = "nothing") -> None:
        self.measured: list[str] = []
        self.networks = 0
        self._lacking = lacking

    def conditions(self):
        return conditions_on(find_device("cpu"), batch_size=1, threads=1)

    def measure(self, architecture: Architecture) -> Timing:
        self.networks += 1
        return Timing(2 * truth(architecture), 0, 0, 1)

    def measure_operations(
        self, architecture: Architecture, wanted: Collection[str]
    ) -> dict[str, float]:
        self.measured += wanted
        return {name: len(name) / 100 for name in wanted if self._lacking not in name}


def truth(architecture: Architecture) -> float:
    return sum(len(name) / 100 for name in trace_shapes(architecture, SHAPE, 10, 1).operations)


def test_prediction_is_the_fitted_sum_and_no_operation_is_measured_twice(tmp_path):
    database, device = new_database(tmp_path), Device()
    predictor = LatencyPredictor(database, problem(), device)
    assert device.networks == FITTED
    for number in range(6):
        assert predictor.predict(drawn(number)) == pytest.approx(2 * truth(drawn(number)))
    assert len(device.measured) == len(set(device.measured)) > 10
    assert device.networks == FITTED
    database.close()


def test_another_job_finds_table_and_fit_in_the_database(tmp_path):
    database = new_database(tmp_path)
    first = LatencyPredictor(database, problem(), Device())
    expected = [first.predict(drawn(number)) for number in range(4)]
    database.close()
    database, device = open_database(f"sqlite:///{tmp_path / 'nas.db'}"), Device()
    second = LatencyPredictor(database, problem(), device)
    assert [second.predict(drawn(number)) for number in range(4)] == expected
    assert device.measured == [] and device.networks == 0
    database.close()


def test_operation_that_the_device_runs_without_is_named(tmp_path):
    database = new_database(tmp_path)
    with pytest.raises(TrialInfeasibleError, match=r"without torch\.nn\.modules\.linear\.Linear"):
        LatencyPredictor(database, problem(), Device(lacking="Linear"))
    database.close()


def test_appraiser_predicts_or_measures_as_the_options_say(tmp_path):
    database = new_database(tmp_path)
    for method, conditions in ((LatencyMethod.PREDICTED, "predicted"), ("measured", "measured")):
        device = Device()
        options = LatencyOptions(method=method)
        appraiser = new_latency_appraiser(database, problem(), device, options)
        before = device.networks
        figures = appraiser.appraise(drawn(3))
        assert figures == {"latency_ms": pytest.approx(2 * truth(drawn(3)))}
        assert device.networks - before == (conditions == "measured")
        found = appraiser.conditions["latency_ms"]
        assert found["method"] == conditions
        assert found["device"] == "cpu" and found["device_name"] and found["batch_size"] == 1
        assert set(appraiser.conditions) == appraiser.names
    database.close()


def test_networks_run_here_take_time_and_their_operations_less():
    probe = LocalProbe(SHAPE, 10, LatencyOptions(batch_size=2), "cpu")
    architecture = drawn(0)
    timing = probe.measure(architecture)
    assert 0 < timing.lower_quartile_ms <= timing.median_ms <= timing.upper_quartile_ms
    wanted = set(trace_shapes(architecture, SHAPE, 10, batch_size=2).operations)
    few = set(sorted(wanted)[:4])
    measured = probe.measure_operations(architecture, few | {"no such operation"})
    assert set(measured) == few
    assert all(0 < each < timing.upper_quartile_ms for each in measured.values())


def test_unknown_device_is_refused():
    with pytest.raises(InvalidInputError, match="device: got 'tpu', allowed: cpu"):
        find_device("tpu")


def test_threads_are_put_back():
    import torch

    before = torch.get_num_threads()
    with threads_set(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
