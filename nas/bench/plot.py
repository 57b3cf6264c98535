"""Regret curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nas.bench.running import Run
from nas.bench.summary import regret_curves
from nas.plotting import plotted


def plot_regret(path: Path, title: str, runs: Mapping[str, Sequence[Run]], queries: int) -> None:
    """Write a PNG: mean regret against queries, with twice the standard error as a band."""
    with plotted(path) as axes:
        numbers = np.arange(1, queries + 1)
        smallest = np.inf
        for name, each in runs.items():
            curves = regret_curves(each, queries)
            mean = curves.mean(axis=0)
            error = 2 * curves.std(axis=0) / np.sqrt(len(each))
            (line,) = axes.plot(numbers, mean, label=name)
            axes.fill_between(
                numbers,
                np.maximum(mean - error, 0),
                mean + error,
                color=line.get_color(),
                alpha=0.2,
            )
            smallest = min(smallest, mean[mean > 0].min(initial=np.inf))
        axes.set(title=title, xlabel="distinct architectures evaluated", ylabel="mean regret")
        if np.isfinite(smallest):
            axes.set_yscale("log")
            axes.set_ylim(bottom=smallest / 2)
