"""An exponential moving average of a network's weights, measured and kept in their place.

Polyak & Juditsky 1992 (averaging); Szegedy et al., CVPR 2016, section 8 (exponential, for image
classifiers). Averaged weights are ahead of the raw ones while the learning rate is high, so that
epochs in mid-training say more about the end.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.nn import Module

M = TypeVar("M", bound=Module)

RAMP = 10
"""How slowly the decay rises: at step `t` it is at most `(1 + t) / (RAMP + t)`."""


class WeightAverage(Generic[M]):
    """A second network of averaged weights; `model` is it, ready to be measured.

    Running statistics of batch norms are averaged as weights are, so that they belong to the
    averaged weights; counters are copied. Nothing here waits for the device.
    """

    def __init__(self, model: M, decay: float) -> None:
        self.model = deepcopy(model).eval().requires_grad_(requires_grad=False)
        self._decay = decay
        pairs = list(zip(_tensors(self.model), _tensors(model), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimiser step number `step`, the first being 0."""
        averages, weights = (list(each) for each in zip(*self._averaged, strict=True))
        torch._foreach_lerp_(averages, weights, 1 - decay_at(step, self._decay))
        for average, value in self._copied:
            average.copy_(value)

    def state(self) -> dict[str, Any]:
        """Return the averaged weights and statistics."""
        return self.model.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from an earlier `state()`."""
        self.model.load_state_dict(state)


def decay_at(step: int, decay: float) -> float:
    """Return the decay at a step: `decay`, or less while few steps have been made.

    The ramp `(1 + t) / (10 + t)` averages over about the last tenth of the training so far.
    """
    return min(decay, (1 + step) / (RAMP + step))


def _tensors(model: Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]
