"""Policy-gradient search.

Williams: Simple statistical gradient-following algorithms, Machine Learning 8, 1992 (REINFORCE);
Zoph & Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section 3.2,
https://arxiv.org/abs/1611.01578; Schulman et al.: Proximal Policy Optimization, 2017, equation 7,
https://arxiv.org/abs/1707.06347 (as in NASNet and MnasNet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nas.problem import SearchProblem
from nas.samplers.base import Proposal, Sampler, generator
from nas.samplers.options import RLOptions
from nas.samplers.rl.controller import Controller

_SMALLEST_SPREAD = 1e-6


@dataclass(slots=True)
class RewardAverage:
    """Exponential moving average of the reward and of its distance from it."""

    decay: float
    mean: float | None = None
    spread: float = 0.0

    def advantage(self, reward: float) -> float:
        """Return how much better `reward` is than usual, in usual distances, and remember it."""
        if self.mean is None:
            self.mean = reward
            return 0.0
        difference = reward - self.mean
        self.spread = (
            self.decay * self.spread + (1 - self.decay) * abs(difference)
            if self.spread
            else abs(difference)
        )
        self.mean += (1 - self.decay) * difference
        return difference / max(self.spread, _SMALLEST_SPREAD)


class RLSampler(Sampler):
    """REINFORCE with a moving-average baseline and an entropy bonus; PPO clipping as an option."""

    def __init__(
        self,
        problem: SearchProblem,
        seed: int,
        options: RLOptions | None = None,
    ) -> None:
        super().__init__(problem, seed)
        self.options = options or RLOptions()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.controller = Controller(
                self.decisions,
                hidden_size=self.options.hidden_size,
                temperature=self.options.temperature,
                tanh_constant=self.options.tanh_constant,
            )
        self._optimizer = torch.optim.Adam(
            self.controller.parameters(), lr=self.options.learning_rate
        )
        self._average = RewardAverage(self.options.baseline_decay)
        self._worst: float | None = None
        self._batch: list[tuple[Proposal, float]] = []

    def ask(self, number: int) -> Proposal:
        """Draw answers from the policy; their log-probability is kept for the PPO ratio."""
        draws = torch.Generator().manual_seed(int(generator(self.seed, number).integers(2**63 - 1)))
        choices, log_probability, entropy = self.controller.sample(draws)
        info = {"log_probability": log_probability, "entropy": entropy}
        if self._average.mean is not None:
            info["baseline"] = self._average.mean
        return Proposal(choices, info)

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Collect the result; a full batch updates the policy.

        A candidate that could not be evaluated counts as the worst so far.
        """
        if reward is None:
            if self._worst is None:
                return
            reward = self._worst
        self._worst = reward if self._worst is None else min(self._worst, reward)
        self._batch.append((proposal, self._average.advantage(reward)))
        if len(self._batch) >= self.options.batch_size:
            self._update(self._batch)
            self._batch = []

    def withdraw(self, number: int, proposal: Proposal) -> None:
        """Learn nothing: a proposal that was passed over is not a bad one."""

    def _update(self, batch: Sequence[tuple[Proposal, float]]) -> None:
        for _ in range(1 if self.options.ppo_clip is None else self.options.ppo_epochs):
            loss = torch.stack([self._loss(p, advantage) for p, advantage in batch]).mean()
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.controller.parameters(), max_norm=1.0)
            self._optimizer.step()

    def _loss(self, proposal: Proposal, advantage: float) -> Tensor:
        """Return the negative objective: Zoph & Le's section 3.2, or PPO's equation 7."""
        log_probability, entropy = self.controller.score(proposal.choices)
        clip = self.options.ppo_clip
        if clip is None:
            gain = advantage * log_probability
        else:
            behaviour = proposal.info.get("log_probability", log_probability.detach())
            ratio = (log_probability - behaviour).exp()
            gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
        return -(gain + self.options.entropy_weight * entropy)
