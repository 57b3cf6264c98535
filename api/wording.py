"""Figures as the command line and the dashboard word them."""

from __future__ import annotations

from nas.final import FinalResult
from nas.representations import TrialMetrics


def percent(share: float | None) -> str:
    """Write a share in [0, 1] as percent, a dash if there is none."""
    return "–" if share is None else f"{share:.2%}"


def lead(best: float | None, other: float | None) -> str:
    """Write by how much `best` is above `other`, shares in [0, 1]; a dash without both."""
    return "–" if best is None or other is None else f"{100 * (best - other):+.2f} points"


def worth(metrics: TrialMetrics) -> str:
    """Write what an evaluation came to: the accuracy, or the score where nothing was trained."""
    if metrics.accuracy is None and metrics.score is not None:
        return f"score {metrics.score:.6g}"
    return f"accuracy {percent(metrics.accuracy)}"


def spread(final: FinalResult | None) -> str:
    """Write the test accuracy over all seeds, mean and sample standard deviation."""
    if final is None or final.std_test_accuracy is None:
        return "–"
    mean, std = percent(final.mean_test_accuracy), percent(final.std_test_accuracy)
    return f"{mean} ± {std} over {1 + len(final.further)} seeds"
