"""Local search: go through the neighbours of the best so far; start anew where all are worse.

White, Nolen, Savani: Exploring the Loss Landscape in Neural Architecture Search, UAI 2021,
algorithm 1, https://arxiv.org/abs/2005.02960
"""

from __future__ import annotations

import math

from nas.problem import SearchProblem
from nas.samplers.base import Proposal, Sampler, generator
from nas.samplers.options import LocalOptions
from search_spaces import Choice, Choices
from search_spaces.variation import draw_choices, neighbouring_choices


class LocalSampler(Sampler):
    """Climbs from a random start to a local optimum, then from the next random start."""

    def __init__(
        self, problem: SearchProblem, seed: int, options: LocalOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        del options
        self._tried: set[frozenset[tuple[str, Choice]]] = set()
        self._pending: dict[int, frozenset[tuple[str, Choice]]] = {}
        self._untried: list[dict[str, Choice]] = []
        self._height = -math.inf

    def ask(self, number: int) -> Proposal:
        """Propose an untried neighbour of the current architecture, else a new start."""
        rng = generator(self.seed, number)
        open_ones = [c for c in self._untried if _key(c) not in self._pending.values()]
        if open_ones:
            chosen = open_ones[int(rng.integers(len(open_ones)))]
        else:
            chosen = draw_choices(self.decisions, rng)
        self._pending[number] = _key(chosen)
        return Proposal(chosen)

    def expect(self, number: int, proposal: Proposal) -> None:
        """Count the proposal of an earlier sampler as pending."""
        self._pending[number] = _key(proposal.choices)

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Move to a better architecture; forget the current one when its neighbours are tried."""
        self._pending.pop(number, None)
        self._tried.add(_key(proposal.choices))
        if reward is not None and reward > self._height:
            self._height = reward
            self._untried = list(neighbouring_choices(self.decisions, proposal.choices))
        self._untried = [c for c in self._untried if _key(c) not in self._tried]
        if not self._untried:
            self._height = -math.inf


def _key(choices: Choices) -> frozenset[tuple[str, Choice]]:
    return frozenset(choices.items())
