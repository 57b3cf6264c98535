"""What a search is about: the architectures of a space, for images of one shape."""

from __future__ import annotations

from collections.abc import Hashable
from math import isfinite

from nas.analysis_cache import AnalysisCache
from nas.proxies import ProxyScores
from search_spaces import Architecture, Choices, Decision, InfeasibleArchitectureError
from search_spaces.base import InputShape
from search_spaces.registry import AnySpace
from search_spaces.totals import Totals
from search_spaces.variation import count_choices


class SearchProblem:
    """A space and the images that its networks are for; samplers and the search loop share it.

    Hyper-parameters are searched together with the architecture: they are decisions after the
    space's own, of which the architecture knows nothing.
    """

    def __init__(
        self,
        space: AnySpace,
        input_shape: InputShape,
        num_classes: int,
        *,
        num_objectives: int = 1,
        proxy_scores: ProxyScores | None = None,
        hyperparameters: tuple[Decision, ...] = (),
    ) -> None:
        self.space = space
        self.hyperparameters = hyperparameters
        self.decisions: tuple[Decision, ...] = (*space.decisions, *hyperparameters)
        self.num_objectives = num_objectives
        self.input_shape = input_shape
        self.num_classes = num_classes
        self._proxy_scores = proxy_scores
        self._analyses = AnalysisCache(input_shape, num_classes)

    @property
    def size(self) -> int:
        """The number of complete answers; several may describe one candidate."""
        return count_choices(self.decisions)

    def architecture(self, choices: Choices) -> Architecture:
        """Return the architecture that is evaluated for these answers: the canonical one."""
        names = {decision.name for decision in self.hyperparameters}
        of_space = {name: answer for name, answer in choices.items() if name not in names}
        architecture: Architecture = self.space.architecture(of_space).canonical()
        return architecture

    def identity(self, architecture: Architecture, choices: Choices) -> Hashable:
        """Return what is equal for answers that describe one candidate."""
        return architecture, *(choices.get(each.name) for each in self.hyperparameters)

    def key(self, architecture: Architecture) -> str:
        """Return what is equal for architectures that need one evaluation only."""
        return architecture.content_hash

    def analyze(self, architecture: Architecture) -> Totals:
        """Count parameters and MACs; raises `InfeasibleArchitectureError` without a network."""
        return self._analyses.totals(architecture)

    def macs(self, choices: Choices) -> int | None:
        """Return the MACs of the answers' network, None where there is none."""
        try:
            return self.analyze(self.architecture(choices)).macs
        except InfeasibleArchitectureError:
            return None

    def proxy_score(self, choices: Choices, proxy: str) -> float | None:
        """Return what a zero-cost proxy says of the answers' network, None where it says nothing.

        Raises:
            ValueError: Whoever set up the problem handed in nothing that scores.
        """
        if self._proxy_scores is None:
            raise ValueError(f"proxy {proxy!r}: the problem was set up without proxy scores")
        architecture = self.architecture(choices)
        try:
            self.analyze(architecture)
        except InfeasibleArchitectureError:
            return None
        score = self._proxy_scores(architecture, proxy)
        return score if isfinite(score) else None
