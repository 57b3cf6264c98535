"""Covariance of the Jacobian.

Mellor, Turner, Storkey, Crowley: Neural Architecture Search without Training, 2020, first version,
section 3, https://arxiv.org/abs/2006.04647v1
"""

from __future__ import annotations

import torch

from workers.proxies.base import Probe

_K = 1e-5
"""The paper's constant, for the logarithm of eigenvalues about zero."""


def jacob_cov(probe: Probe) -> float:
    """Return `-sum_i (log(s_i + k) + 1 / (s_i + k))`.

    `s_i` are the eigenvalues of the images' correlation matrix of `df/dx`, the gradient of the
    sum of an image's logits by its pixels.
    """
    images = probe.images.clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(probe.model(images).sum(), images)
    rows = jacobian.reshape(len(images), -1).double()
    rows = rows - rows.mean(dim=1, keepdim=True)
    rows = rows / rows.norm(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    eigenvalues = torch.linalg.eigvalsh(rows @ rows.T).clamp_min(0.0) + _K
    return -float((eigenvalues.log() + 1 / eigenvalues).sum())
