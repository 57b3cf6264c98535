"""What a search is about: the architectures of a space, for images of one shape."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

from nas.proxies import ProxyScores
from search_spaces import Architecture, Choices, InfeasibleArchitectureError
from search_spaces.analysis import Analysis, analyze
from search_spaces.base import InputShape
from search_spaces.registry import AnySpace


class SearchProblem:
    """A space and the images that its networks are for; samplers and the search loop share it."""

    def __init__(
        self,
        space: AnySpace,
        input_shape: InputShape,
        num_classes: int,
        *,
        num_objectives: int = 1,
        proxy_scores: ProxyScores | None = None,
    ) -> None:
        self.space = space
        self.num_objectives = num_objectives
        self.input_shape = input_shape
        self.num_classes = num_classes
        self._proxy_scores = proxy_scores
        self._analyze = lru_cache(maxsize=4096)(self._analyze_anew)

    def architecture(self, choices: Choices) -> Architecture:
        """Return the architecture that is evaluated for these answers: the canonical one."""
        architecture: Architecture = self.space.architecture(choices).canonical()
        return architecture

    def key(self, architecture: Architecture) -> str:
        """Return what is equal for architectures that need one evaluation only."""
        return architecture.content_hash

    def analyze(self, architecture: Architecture) -> Analysis:
        """Count parameters and MACs; raises `InfeasibleArchitectureError` without a network."""
        return self._analyze(architecture)

    def _analyze_anew(self, architecture: Architecture) -> Analysis:
        return analyze(architecture, self.input_shape, self.num_classes)

    def macs(self, choices: Choices) -> int | None:
        """Return the MACs of the answers' network, None where there is none."""
        try:
            return self.analyze(self.architecture(choices)).macs
        except InfeasibleArchitectureError:
            return None

    def proxy_score(self, architecture: Architecture, proxy: str) -> float | None:
        """Return what a zero-cost proxy says, None where it has no score or there is no network.

        Raises:
            ValueError: Whoever set up the problem handed in nothing that scores.
        """
        if self._proxy_scores is None:
            raise ValueError(f"proxy {proxy!r}: the problem was set up without proxy scores")
        try:
            self.analyze(architecture)
        except InfeasibleArchitectureError:
            return None
        score = self._proxy_scores(architecture, proxy)
        return score if isfinite(score) else None
