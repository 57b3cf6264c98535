"""Baselines: classifiers without a search, so that a job shows what its search is worth."""

from nas.baselines.base import Baseline, Drawable
from nas.baselines.registry import BASELINES, BaselineEntry, find_or_raise_baseline
from nas.baselines.result import BaselineResult

__all__ = [
    "BASELINES",
    "Baseline",
    "BaselineEntry",
    "BaselineResult",
    "Drawable",
    "find_or_raise_baseline",
]
