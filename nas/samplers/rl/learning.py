"""How the controller learns: policy gradient, and imitation of the best results.

Williams: Simple statistical gradient-following algorithms, Machine Learning 8, 1992 (REINFORCE);
Zoph & Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section 3.2,
https://arxiv.org/abs/1611.01578; Schulman et al.: Proximal Policy Optimization, 2017, equation 7,
https://arxiv.org/abs/1707.06347 (as in NASNet and MnasNet); Abolafia, Norouzi, Shen, Zhao, Le:
Neural Program Synthesis with Priority Queue Training, 2018, section 3.2,
https://arxiv.org/abs/1801.03526.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nas.samplers.options import RLOptions
from nas.samplers.rl.controller import Controller
from nas.samplers.rl.rewards import Row

_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, slots=True)
class Experience:
    """A result to learn from: the answers, and how much better than usual they were."""

    row: Row
    advantage: float
    log_probability: float | None
    """Under the policy that drew the answers, nats; None if another sampler did."""


class PolicyGradient:
    """Adam on the objective of `loss`."""

    def __init__(self, controller: Controller, options: RLOptions) -> None:
        self.controller = controller
        self.options = options
        self._results = 0
        self._optimizer = torch.optim.Adam(controller.parameters(), lr=options.learning_rate)

    def update(self, batch: Sequence[Experience], elite: Sequence[Row]) -> None:
        """Improve the policy by a batch of results and the best results so far."""
        for _ in range(1 if self.options.ppo_clip is None else self.options.ppo_epochs):
            self._optimizer.zero_grad()
            self.loss(batch, elite).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.controller.parameters(), _LARGEST_GRADIENT)
            self._optimizer.step()
        self._results += len(batch)

    def loss(self, batch: Sequence[Experience], elite: Sequence[Row]) -> Tensor:
        """Return the negative of what the policy is to maximise, a scalar.

        Per result, Zoph & Le's section 3.2 or PPO's equation 7, and a bonus for entropy; Abolafia
        et al.'s equation 3 adds the mean log-likelihood of the elite, at `elite_weight`.

        A result that comes late was drawn by an older policy. PPO's ratio accounts for that;
        REINFORCE weighs it by the same ratio, truncated at 1.
        """
        walks = self.controller.score(
            torch.tensor([*(experience.row for experience in batch), *elite])
        )
        log_probability, best = torch.tensor_split(walks.log_probability, [len(batch)])
        advantage = torch.tensor([experience.advantage for experience in batch])
        ratio = (log_probability - self._behaviour(batch, log_probability)).exp()
        clip = self.options.ppo_clip
        if clip is None:
            gain = ratio.detach().clamp(max=1) * advantage * log_probability
        else:
            gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
        entropy = walks.entropy[: len(batch)]
        objective: Tensor = (gain + self.entropy_weight * entropy).mean()
        if elite and self.options.elite_weight:
            objective = objective + self.options.elite_weight * best.mean()
        return -objective

    @property
    def entropy_weight(self) -> float:
        """The weight of the entropy bonus now: it fades as results come in."""
        half_life = self.options.entropy_half_life
        fading = 1.0 if half_life is None else 0.5 ** (self._results / half_life)
        return self.options.entropy_weight * fading

    @staticmethod
    def _behaviour(batch: Sequence[Experience], now: Tensor) -> Tensor:
        """Return the log-probabilities under the policies that drew the answers."""
        drawn = torch.tensor([experience.log_probability or 0.0 for experience in batch])
        foreign = torch.tensor([experience.log_probability is None for experience in batch])
        return torch.where(foreign, now.detach(), drawn)

    def state_dict(self) -> dict[str, Any]:
        """Return the controller's weights and Adam's moments."""
        return {
            "controller": self.controller.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "results": self._results,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.controller.load_state_dict(state["controller"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._results = state["results"]
