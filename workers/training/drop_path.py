"""Scheduled drop-path: a probability that grows over the training and over the depth.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures, CVPR 2018, appendix A.7 (over the
training); Huang et al., Stochastic Depth, ECCV 2016, section 3 (over the depth).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from search_spaces.blocks.drop_path import DropPath


class ScheduledDropPath(nn.Module):
    """Zeroes each image's branch with probability `share` times the schedule's present rate.

    `(N, C, H, W)` to the same shape. The rate is a tensor that all of a network's instances
    have in common: to set it waits for no device and compiles nothing anew.
    """

    def __init__(self, rate: Tensor, share: float) -> None:
        super().__init__()
        self._rate = [rate]  # in a list, so that it is no buffer: moved or saved with none of them
        self._share = share

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, C, H, W)`."""
        if not self.training:
            return x
        kept = (1 - self._rate[0] * self._share).to(x.dtype)
        mask = torch.rand(x.shape[0], 1, 1, 1, dtype=x.dtype, device=x.device) < kept
        return x * (mask / kept)


class DropPathSchedule:
    """Puts scheduled drop-path in the place of a network's own, and sets its rate."""

    def __init__(self, network: nn.Module, final_rate: float, device: torch.device) -> None:
        self._rate = torch.zeros((), device=device)
        self._final_rate = final_rate
        places = [
            (parent, name)
            for parent in network.modules()
            for name, child in parent.named_children()
            if isinstance(child, DropPath)
        ]
        for number, (parent, name) in enumerate(places, 1):
            setattr(parent, name, ScheduledDropPath(self._rate, number / len(places)))

    def set_progress(self, progress: float) -> None:
        """Set the rate for `progress`, from 0 at the training's start to 1 at its end."""
        self._rate.fill_(self._final_rate * progress)
