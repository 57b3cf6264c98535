"""What a proxy is given, and what several of them do alike.

A proxy is a function of a `Probe`. It is called once, with a network made for it alone, which it
may change. Larger is better; minus infinity says that there is no score, as of a network whose
activations cannot tell two images apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from search_spaces.classifier import Classifier

WEIGHTED = (nn.Conv2d, nn.Linear)
"""Layers whose weights are counted; biases and batch norms are not, as in the papers."""

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish)
"""Layers that are off or on, by the sign of what they take."""


@dataclass(frozen=True, slots=True)
class Probe:
    """An untrained classifier, and one mini-batch of the job's training data.

    `images` are `(N, C, H, W)` floats in [0, 1], `labels` `(N,)`. The classifier normalises
    images itself. Its batch norms take the statistics of the batch, all else is as in inference.
    """

    model: Classifier
    images: Tensor
    labels: Tensor
    generator: torch.Generator

    @property
    def weights(self) -> list[Tensor]:
        """The weights of all convolutions and dense layers."""
        return [m.weight for m in self.model.modules() if isinstance(m, WEIGHTED)]

    @property
    def seen(self) -> Tensor:
        """The images as the network takes them: normalised, of its resolution."""
        return self.model.normalized(self.images)

    def loss(self) -> Tensor:
        """Return the mini-batch's cross-entropy, nats."""
        return F.cross_entropy(self.model(self.images), self.labels)


Proxy = Callable[[Probe], float]


def prepare(model: Classifier) -> Classifier:
    """Switch off what is random in training; batch norms stay on the batch's statistics."""
    model.eval()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.train()
    return model


def gradients(output: Tensor, weights: list[Tensor]) -> list[Tensor]:
    """Return the gradient of a scalar by each weight, zero where the output does not depend."""
    found = torch.autograd.grad(output, weights, allow_unused=True)
    return [
        torch.zeros_like(weight) if gradient is None else gradient
        for weight, gradient in zip(weights, found, strict=True)
    ]
