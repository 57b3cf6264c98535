"""Predicting latencies from a table of operations, which the database keeps for each device.

The life of a prediction, told in order:

1. The network is traced on shapes alone: which operations it consists of.
2. Those that the table lacks are measured on the device, and the table grows.
3. The sum, and what the fit for the space adds to it, is the latency.

The fit is made by the first job that searches the space on the device: some architectures drawn
uniformly are measured, as a whole and by their operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nas.database import Database
from nas.database.latency import (
    add_fit,
    add_operations,
    add_setup,
    find_fit,
    list_operations,
)
from nas.errors import TrialInfeasibleError
from nas.problem import SearchProblem
from search_spaces import Architecture, InfeasibleArchitectureError
from search_spaces.variation import draw_choices
from workers.latency.fit import Fit, Sample, fit
from workers.latency.probe import Probe, trace_shapes

FITTED_NETWORKS = 24
_MOST_DRAWS = 20 * FITTED_NETWORKS
_SEED = 24
"""Of the architectures that are measured for the fit: the same for every job."""


@dataclass(frozen=True, slots=True)
class _Sum:
    operations_ms: float
    calls: int


class LatencyPredictor:
    """Predicts for one device and the architectures of one problem."""

    def __init__(self, database: Database, problem: SearchProblem, probe: Probe) -> None:
        self._database, self._problem, self._probe = database, problem, probe
        self.conditions = probe.conditions()
        self._networks = f"{problem.space.name} {'x'.join(map(str, problem.input_shape))}"
        with database.write() as session:
            self._setup_id = add_setup(session, self.conditions.as_json())
            self._table = list_operations(session, self._setup_id)
            stored = find_fit(session, self._setup_id, self._networks)
        self._fit: Fit = self._make_fit() if stored is None else Fit(**stored)

    def predict(self, architecture: Architecture) -> float:
        """Return the latency in milliseconds; measures only operations not seen before.

        Raises:
            TrialInfeasibleError: An operation does not fit into the device's memory.
        """
        found = self._sum(architecture)
        return self._fit.predict(found.operations_ms, found.calls)

    def _sum(self, architecture: Architecture) -> _Sum:
        traced = trace_shapes(
            architecture,
            self._problem.input_shape,
            self._problem.num_classes,
            self.conditions.batch_size,
        )
        missing = {operation for operation in traced.operations if operation not in self._table}
        if missing:
            self._measure(architecture, missing)
        unknown = missing - self._table.keys()
        if unknown:
            raise TrialInfeasibleError(
                f"its latency cannot be predicted: on the device it runs without {min(unknown)}"
            )
        total = sum(self._table[operation] for operation in traced.operations)
        return _Sum(total, len(traced.operations) + traced.containers)

    def _measure(self, architecture: Architecture, missing: set[str]) -> None:
        measured = self._probe.measure_operations(architecture, missing)
        with self._database.write() as session:
            add_operations(session, self._setup_id, measured)
            session.flush()
            # Another runner may have been first: both go on with what is stored.
            self._table = list_operations(session, self._setup_id)

    def _make_fit(self) -> Fit:
        samples = []
        for architecture in self._drawn():
            found = self._sum(architecture)
            measured = self._probe.measure(architecture).median_ms
            samples.append(Sample(found.operations_ms, found.calls, measured))
            if len(samples) == FITTED_NETWORKS:
                break
        with self._database.write() as session:
            add_fit(session, self._setup_id, self._networks, fit(samples).as_json())
            session.flush()
            stored = find_fit(session, self._setup_id, self._networks)
        return fit(samples) if stored is None else Fit(**stored)

    def _drawn(self) -> Iterator[Architecture]:
        """Draw different architectures that have a network, with a bound on the attempts."""
        rng = np.random.default_rng(_SEED)
        seen = set()
        for _ in range(_MOST_DRAWS):
            choices = draw_choices(self._problem.space.decisions, rng)
            architecture = self._problem.architecture(choices)
            if architecture.content_hash in seen:
                continue
            seen.add(architecture.content_hash)
            try:
                self._problem.analyze(architecture)
            except InfeasibleArchitectureError:
                continue
            yield architecture
