"""Every figure of a candidate that an objective or a constraint may name, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from types import MappingProxyType

from search_spaces.memory import ELEMENT_BYTES
from search_spaces.totals import Totals


class Direction(StrEnum):
    """Which way a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Source(StrEnum):
    """Where a metric comes from, and so when it is known."""

    ANALYSIS = "analysis"
    """Counted from the architecture alone."""
    APPRAISAL = "appraisal"
    """Found out by an appraiser on the device, before training; see `nas.appraisal`."""
    TRAINING = "training"
    """Measured on the validation images after training."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure's name and meaning; one without a direction can be bounded, but not improved.

    `ideal` is the value that nothing can be better than, infinite where there is none; `count`
    computes an analysis' figure.
    """

    name: str
    summary: str
    source: Source
    direction: Direction | None = None
    ideal: float = 0.0
    count: Callable[[Totals], float] | None = None

    @property
    def is_known_before_training(self) -> bool:
        """Whether a candidate can be refused by it without being trained."""
        return self.source is not Source.TRAINING

    @property
    def is_cost(self) -> bool:
        """Whether it is what a network takes: known before training, the less the better."""
        return self.is_known_before_training and self.direction is Direction.MINIMIZE

    def maximized(self, value: float) -> float:
        """Return the value in the form that is to be maximised."""
        return -value if self.direction is Direction.MINIMIZE else value


def _peak_memory_bytes(totals: Totals) -> float:
    """Add weights, buffers and the activations alive at once for one image, in float32."""
    weights = ELEMENT_BYTES * totals.params + totals.memory.buffer_bytes
    return weights + totals.peak_activation_bytes()


_COUNTED = (
    ("params", "trainable parameters", Direction.MINIMIZE, lambda t: t.params),
    ("macs", "multiply-accumulates for one image", Direction.MINIMIZE, lambda t: t.macs),
    (
        "peak_memory_bytes",
        "memory of inference at its peak: weights, buffers, activations of one image, float32",
        Direction.MINIMIZE,
        _peak_memory_bytes,
    ),
    (
        "activations",
        "elements of all convolutions' outputs",
        Direction.MINIMIZE,
        lambda t: t.activations,
    ),
    ("depth", "convolutions and dense layers on the longest path", None, lambda t: t.depth),
    (
        "receptive_field",
        "pixels that one element sees before global pooling",
        None,
        lambda t: t.receptive_field,
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                "accuracy",
                "validation accuracy in [0, 1]",
                Source.TRAINING,
                Direction.MAXIMIZE,
                ideal=1.0,
            ),
            Metric("loss", "validation cross-entropy, nats", Source.TRAINING, Direction.MINIMIZE),
            *(
                Metric(name, summary, Source.ANALYSIS, direction, count=count)
                for name, summary, direction, count in _COUNTED
            ),
            Metric(
                "latency_ms",
                "milliseconds of inference for a batch",
                Source.APPRAISAL,
                Direction.MINIMIZE,
            ),
            Metric(
                "score",
                "what the job's zero-cost proxy or supernet says of the untrained network",
                Source.APPRAISAL,
                Direction.MAXIMIZE,
                ideal=inf,
            ),
        )
    }
)


def counted_figures(totals: Totals) -> dict[str, float]:
    """Return all figures that an analysis gives, by name."""
    return {
        name: float(metric.count(totals))
        for name, metric in METRICS.items()
        if metric.count is not None
    }


def metric_names(wanted: Callable[[Metric], bool]) -> tuple[str, ...]:
    """Return the names of the metrics that `wanted` holds for, in the registry's order."""
    return tuple(name for name, metric in METRICS.items() if wanted(metric))
