"""The best-so-far curve as ECharts options."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from nas.representations import TrialView
from nas.status import TrialStatus


def best_so_far_options(name: str, trials: Sequence[TrialView]) -> dict[str, Any]:
    """Draw every completed trial as a point, and the best so far as a step line."""
    points = [
        (trial.number, 100 * trial.metrics.accuracy)
        for trial in trials
        if trial.status is TrialStatus.COMPLETED and trial.metrics.accuracy is not None
    ]
    best = list(accumulate((accuracy for _, accuracy in points), max))
    line = [[number, value] for (number, _), value in zip(points, best, strict=True)]
    return {
        "title": {"text": f"Validation accuracy: {name}" if name else "Validation accuracy"},
        "tooltip": {"trigger": "item"},
        "legend": {"bottom": 0},
        "xAxis": {"type": "value", "name": "trial", "minInterval": 1},
        "yAxis": {"type": "value", "name": "accuracy (%)", "scale": True},
        "series": [
            {"type": "scatter", "name": "trial", "data": [list(p) for p in points]},
            {
                "type": "line",
                "name": "best so far",
                "step": "end",
                "showSymbol": False,
                "data": line,
            },
        ],
    }
