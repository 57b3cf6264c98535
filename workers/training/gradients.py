"""Clipping of the gradient's norm, in a few kernels for all parameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


@torch.no_grad()
def clip_gradients(parameters: Sequence[Tensor], most: float) -> None:
    """Scale the gradients so that their joint Euclidean norm is at most `most`.

    As `torch.nn.utils.clip_grad_norm_`, which goes from parameter to parameter on a CPU: for the
    many small ones of a small network, that takes as long as the optimiser's whole step.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
