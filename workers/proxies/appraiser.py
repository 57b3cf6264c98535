"""A proxy's score as a figure that is known before training."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from nas.errors import TrialInfeasibleError
from nas.screening import SCORE
from search_spaces import Architecture
from workers.proxies.scorer import ProxyScorer
from workers.training.memory import memory_errors_named


class ProxyAppraiser:
    """Scores each new architecture once; see `nas.appraisal.Appraiser` for the contract."""

    names = frozenset({SCORE})

    def __init__(self, scorer: ProxyScorer, proxy: str) -> None:
        self._scorer, self._proxy = scorer, proxy

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        """The proxy, its mini-batch and the device."""
        return {SCORE: {"proxy": self._proxy, **self._scorer.conditions}}

    def appraise(self, architecture: Architecture) -> Mapping[str, float]:
        """Return the score; raises `TrialInfeasibleError` where the proxy has none."""
        with memory_errors_named():
            score = self._scorer.score(architecture, self._proxy).value
        if not isfinite(score):
            raise TrialInfeasibleError(f"proxy {self._proxy!r} has no score for it")
        return {SCORE: score}
