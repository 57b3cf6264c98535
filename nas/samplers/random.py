"""Uniform random search, the baseline every other sampler must beat.

Bergstra & Bengio: Random Search for Hyper-Parameter Optimization, JMLR 13, 2012;
Li & Talwalkar: Random Search and Reproducibility for NAS, UAI 2019, https://arxiv.org/abs/1902.07638
"""

from __future__ import annotations

from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Proposal, generator
from nas.samplers.options import RandomOptions
from search_spaces.variation import draw_choices


class RandomSampler(MultiObjectiveSampler):
    """Answers each arising decision uniformly and learns nothing."""

    def __init__(
        self,
        problem: SearchProblem,
        seed: int,
        options: RandomOptions | None = None,
    ) -> None:
        super().__init__(problem, seed)

    def ask(self, number: int) -> Proposal:
        """Propose uniformly."""
        return Proposal(draw_choices(self.decisions, generator(self.seed, number)))

    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Take note of nothing."""
