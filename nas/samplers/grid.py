"""Grid search: every combination of answers in turn, neighbours in the turn unlike each other.

It is for spaces of few architectures, such as the coefficients of compound scaling (Tan, Le:
EfficientNet, ICML 2019, section 3.3).
"""

from __future__ import annotations

from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Proposal
from nas.samplers.options import GridOptions
from search_spaces import Choice, active_decisions


class GridSampler(MultiObjectiveSampler):
    """Counts through the answers, from a place that the seed names; learns nothing.

    Where no question depends on another, so many proposals in a row as there are architectures
    are all different.
    """

    def __init__(
        self, problem: SearchProblem, seed: int, options: GridOptions | None = None
    ) -> None:
        super().__init__(problem, seed)
        del options

    def ask(self, number: int) -> Proposal:
        """Propose the answers that are the digits of seed + number.

        Each digit is shifted by those before it, which keeps all combinations and lets every
        answer change from one proposal to the next.
        """
        chosen: dict[str, Choice] = {}
        left, shift = self.seed + number, 0
        for decision in active_decisions(self.decisions, chosen):
            left, digit = divmod(left, len(decision.choices))
            chosen[decision.name] = decision.choices[(digit + shift) % len(decision.choices)]
            shift += digit
        return Proposal(chosen)

    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Take note of nothing."""
