"""The latency as one of the figures that are known before training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nas.appraisal import Appraiser
from nas.database import Database
from nas.latency import LatencyMethod, LatencyOptions
from nas.problem import SearchProblem
from search_spaces import Architecture
from workers.latency.conditions import Conditions
from workers.latency.prediction import LatencyPredictor
from workers.latency.probe import Probe

LATENCY = "latency_ms"


class LatencyAppraiser:
    """Finds out a candidate's latency, and remembers under which conditions."""

    names = frozenset({LATENCY})

    def __init__(
        self,
        latency_ms: Callable[[Architecture], float],
        conditions: Conditions,
        method: LatencyMethod,
    ) -> None:
        self._latency_ms = latency_ms
        self.conditions: Mapping[str, Mapping[str, Any]] = {
            LATENCY: {"method": method.value, **conditions.as_json()}
        }

    def appraise(self, architecture: Architecture) -> Mapping[str, float]:
        """Return the latency in milliseconds; raises `TrialInfeasibleError` without memory."""
        return {LATENCY: self._latency_ms(architecture)}


def new_latency_appraiser(
    database: Database, problem: SearchProblem, probe: Probe, options: LatencyOptions
) -> Appraiser:
    """Make the appraiser that the options ask for; to predict, a fit may have to be made first."""
    if options.method is LatencyMethod.MEASURED:
        return LatencyAppraiser(
            lambda architecture: probe.measure(architecture).median_ms,
            probe.conditions(),
            options.method,
        )
    predictor = LatencyPredictor(database, problem, probe)
    return LatencyAppraiser(predictor.predict, predictor.conditions, options.method)
