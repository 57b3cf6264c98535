"""Synaptic flow: it looks at no data, but at an image of ones.

Tanaka, Kunin, Yamins, Ganguli: Pruning Neural Networks without Any Data by Iteratively Conserving
Synaptic Flow, NeurIPS 2020, equation 2 and algorithm 1, https://arxiv.org/abs/2006.05467; without
batch norms, which would undo the scale that is measured, as in Abdelfattah et al.: Zero-Cost
Proxies for Lightweight NAS, ICLR 2021.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from workers.proxies.base import Probe, gradients


def synflow(probe: Probe) -> float:
    """Return the sum over weights of `w * dR/dw` for `R = 1' f(1; |w|)`, batch norms left out.

    In double precision: with every weight positive, `R` grows by orders of magnitude per layer.
    ReLU6, whose bound no such network keeps, is a ReLU. Minus infinity where `R` overflows.
    """
    network = probe.model.network.double().eval()
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, _BatchNorm):
                setattr(module, name, nn.Identity())
            elif isinstance(child, nn.ReLU6):
                setattr(module, name, nn.ReLU())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = torch.ones_like(probe.seen[:1], dtype=torch.float64)
    weights = probe.weights
    found = gradients(network(ones).sum(), weights)
    total = sum(float((w.detach() * g).sum()) for w, g in zip(weights, found, strict=True))
    return total if math.isfinite(total) else -math.inf
