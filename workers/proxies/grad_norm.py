"""The norm of the gradient at the start of training.

Abdelfattah, Mehrotra, Dudziak, Lane: Zero-Cost Proxies for Lightweight NAS, ICLR 2021, section
3.1, https://arxiv.org/abs/2101.08134
"""

from __future__ import annotations

from workers.proxies.base import Probe, gradients


def grad_norm(probe: Probe) -> float:
    """Return the sum over layers of `||dL/dw||_2`, of one mini-batch's cross-entropy `L`."""
    return sum(float(g.norm()) for g in gradients(probe.loss(), probe.weights))
