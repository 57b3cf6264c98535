"""Pictures as PNG files, drawn without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nas.errors import InvalidInputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def plotted(path: Path) -> Iterator[Axes]:
    """Hand out axes to draw on, and write them with grid and legend to a PNG at the end.

    Raises:
        InvalidInputError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    yield axes
    axes.grid(alpha=0.3)
    axes.legend()
    try:
        figure.savefig(path, dpi=150, format="png")
    except OSError as error:
        raise InvalidInputError(
            f"--plot: got {str(path)!r}, allowed: a file that can be written ({error.strerror})"
        ) from None
