"""NASWOT: networks in which different images take different ways.

Mellor, Turner, Storkey, Crowley: Neural Architecture Search without Training, ICML 2021, section
3 and equation 2, https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from workers.proxies.base import ACTIVATIONS, Probe


@torch.no_grad()
def naswot(probe: Probe) -> float:
    """Return `log |det K|`, `K_ij` the number of activations that images i and j switch alike.

    An activation is on where what it takes is positive. `K` is singular, and the score minus
    infinity, where two images of the mini-batch switch every activation alike.
    """
    size = len(probe.images)
    kernel = torch.zeros((size, size), dtype=torch.float64, device=probe.images.device)

    def compare(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        on = (inputs[0] > 0).reshape(size, -1).double()
        kernel.add_(on @ on.T + (1 - on) @ (1 - on).T)

    for module in probe.model.modules():
        if isinstance(module, ACTIVATIONS):
            module.register_forward_pre_hook(compare)
    probe.model(probe.images)
    if torch.linalg.matrix_rank(kernel, hermitian=True) < size:
        return -math.inf
    return float(torch.linalg.slogdet(kernel).logabsdet)
