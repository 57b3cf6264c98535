"""The Zen score: it looks at no data, but at noise of the images' shape.

Lin, Wang, Sun, Chen, Sun, Qian, Li, Jin: Zen-NAS: A Zero-Shot NAS for High-Performance Image
Recognition, ICCV 2021, algorithm 1, https://arxiv.org/abs/2102.01063. The paper takes shortcuts
out of its chains of blocks first; in a cell the sums are the architecture, and they stay.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workers.proxies.base import WEIGHTED, Probe

ALPHA = 0.01
"""The size of the change, the paper's value."""

_POOLS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


@torch.no_grad()
def zen(probe: Probe) -> float:
    """Return `log E ||f(x) - f(x + a e)||_F + sum over batch norms of log sqrt(mean variance)`.

    `x` and `e` are standard normal, as are all weights; `f` are the features that the last
    pooling takes. The second term puts back the scale that batch norms take out. Minus infinity
    where the features do not change at all. A batch norm that
    takes zeros alone, behind an edge to which nothing comes, takes no scale out and is passed over.
    """
    network = probe.model.network
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            module.weight.normal_(generator=probe.generator)
            if module.bias is not None:
                module.bias.zero_()
    seen = _Seen()
    seen.watch(network)
    noise, change = (
        torch.empty_like(probe.seen).normal_(generator=probe.generator) for _ in range(2)
    )
    network(noise)
    features, scale = seen.features, sum(seen.scales)
    network(noise + ALPHA * change)
    difference = float((features - seen.features).flatten(1).norm(dim=1).mean())
    return math.log(difference) + scale if difference > 0 else -math.inf


class _Seen:
    """What hooks note of a run."""

    def __init__(self) -> None:
        self.scales: list[float] = []
        self.features = torch.empty(0)

    def watch(self, network: nn.Module) -> None:
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                module.register_forward_pre_hook(self._note_scale)
            elif isinstance(module, _POOLS):  # of these the last to run is the head's
                module.register_forward_pre_hook(self._note_features)

    def _note_scale(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        rows = inputs[0].double().transpose(0, 1).flatten(1)
        variance = float(rows.var(dim=1, correction=0).mean())
        if variance > 0:
            self.scales.append(0.5 * math.log(variance))

    def _note_features(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.features = inputs[0]
