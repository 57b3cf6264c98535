"""Connection sensitivity.

Lee, Ajanthan, Torr: SNIP: Single-Shot Network Pruning Based on Connection Sensitivity, ICLR 2019,
equations 4 and 5, https://arxiv.org/abs/1810.02340; added up over the network as in Abdelfattah
et al.: Zero-Cost Proxies for Lightweight NAS, ICLR 2021, equation 1.
"""

from __future__ import annotations

from workers.proxies.base import Probe, gradients


def snip(probe: Probe) -> float:
    """Return the sum over weights of `|w * dL/dw|`, of one mini-batch's cross-entropy `L`."""
    weights = probe.weights
    found = gradients(probe.loss(), weights)
    return sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, found, strict=True))
