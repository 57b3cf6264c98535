from __future__ import annotations

import pytest

from nas.appraisal import appraise
from nas.constraint import Constraint
from nas.errors import TrialInfeasibleError
from nas.metrics import METRICS, counted_figures
from nas.problem import SearchProblem
from search_spaces import create_space
from search_spaces.analysis import Analysis, LayerAnalysis
from search_spaces.base import Architecture
from search_spaces.memory import MemoryUse
from tests.workers.training.factories import SMALL


class FixedLatency:
    """Answers with one latency, and counts how often it is asked."""

    names = frozenset({"latency_ms"})
    conditions = {"latency_ms": {"device": "abacus"}}  # noqa: RUF012

    def __init__(self, latency_ms: float | None) -> None:
        self._latency_ms = latency_ms
        self.asked = 0

    def appraise(self, architecture: Architecture) -> dict[str, float]:
        self.asked += 1
        if self._latency_ms is None:
            raise TrialInfeasibleError("out of memory: 1 GiB")
        return {"latency_ms": self._latency_ms}


def appraised(appraiser: FixedLatency, *constraints: str):
    problem = SearchProblem(create_space("cell", {}), (1, 8, 8), 10)
    return appraise(problem, SMALL, [appraiser], [Constraint.parse(c) for c in constraints])


def test_analysis_gives_every_figure_that_is_counted():
    layers = (
        LayerAnalysis("conv", "Conv2d", (2, 4, 4), params=18, macs=288, field_size=(3, 3)),
        LayerAnalysis("pool", "MaxPool2d", (2, 2, 2), params=0, macs=0, field_size=(4, 5)),
        LayerAnalysis("dense", "Linear", (10,), params=90, macs=80),
    )
    memory = MemoryUse(
        64, peak_bytes=200, largest_bytes=1, kept_bytes=1, kept_bytes_per_step=0, buffer_bytes=16
    )
    assert counted_figures(Analysis.of(layers, depth=2, memory=memory)) == {
        "params": 108,
        "macs": 368,
        "peak_memory_bytes": 4 * 108 + 16 + 200,
        "activations": 32,
        "depth": 2,
        "receptive_field": 5,
    }


def test_figures_of_appraisers_stand_beside_those_that_are_counted():
    found = appraised(FixedLatency(4.0), "latency_ms<=5", "params>1")
    assert found.refusal is None
    assert found.figures["latency_ms"] == 4.0
    assert found.figures["params"] == found.params
    known = {n for n, m in METRICS.items() if m.is_known_before_training}
    assert set(found.figures) == known - {"score"}  # which a proxy finds, and none is asked
    assert found.conditions == {"latency_ms": {"device": "abacus"}}


def test_candidate_too_slow_is_refused():
    found = appraised(FixedLatency(6.0), "latency_ms<=5")
    assert found.refusal == "constraint latency_ms<=5 is not met: latency_ms is 6"


def test_candidate_that_is_too_large_is_not_run_to_find_out_its_latency():
    appraiser = FixedLatency(4.0)
    assert "params<=1" in str(appraised(appraiser, "latency_ms<=5", "params<=1").refusal)
    assert appraiser.asked == 0


def test_candidate_that_cannot_be_run_is_refused_with_the_reason():
    assert appraised(FixedLatency(None)).refusal == "out of memory: 1 GiB"


@pytest.mark.parametrize("text", ["accuracy>=0.9", "loss<=0.1"])
def test_constraint_on_what_training_measures_refuses_nothing_before(text):
    assert appraised(FixedLatency(4.0), text).refusal is None
