"""Every baseline by name; its module is imported only where it is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType

from nas.baselines.base import Baseline


@dataclass(frozen=True, slots=True)
class BaselineEntry:
    """A baseline's name, what it does, and `module:Class` of its code."""

    name: str
    summary: str
    location: str

    def create(self, seed: int) -> Baseline:
        """Make a fresh, unfitted baseline."""
        made: Baseline = resolve_name(self.location)(seed)
        return made


BASELINES: Mapping[str, BaselineEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            BaselineEntry(
                "linear",
                "multinomial logistic regression on pixels: one template per class",
                "nas.baselines.linear:Linear",
            ),
            BaselineEntry(
                "mlp",
                "a hidden layer of 256 rectified units on pixels",
                "nas.baselines.mlp:MLP",
            ),
            BaselineEntry(
                "color-histogram",
                "histogram of colours, or of grey levels (Swain & Ballard 1991), linear classifier",
                "nas.baselines.color_histogram:ColorHistogram",
            ),
            BaselineEntry(
                "hog",
                "histograms of oriented gradients (Dalal & Triggs 2005), linear classifier",
                "nas.baselines.hog:HOG",
            ),
            BaselineEntry(
                "bag-of-visual-words",
                "k-means codebook of whitened patches (Coates, Lee & Ng 2011), linear classifier",
                "nas.baselines.visual_words:BagOfVisualWords",
            ),
        )
    }
)


def find_or_raise_baseline(name: str) -> BaselineEntry:
    """Return the entry called `name`; raises `ValueError` listing the known ones."""
    try:
        return BASELINES[name]
    except KeyError:
        raise ValueError(f"no baseline {name!r}; known: {', '.join(sorted(BASELINES))}") from None
