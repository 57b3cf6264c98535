"""Parameters and MACs of an architecture, found on the meta device: no memory, no data.

A MAC is one multiply-accumulate (2 FLOPs). Convolutions and dense layers are counted, as the
published figures of the classic networks do; batch norm, activations and pooling are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from search_spaces.base import Architecture, InputShape
from search_spaces.registry import build


@dataclass(frozen=True, slots=True)
class Analysis:
    """Size of a network for one image: trainable parameters and multiply-accumulates."""

    params: int
    macs: int


def analyze(architecture: Architecture, input_shape: InputShape, num_classes: int) -> Analysis:
    """Count the parameters and, for one `(C, H, W)` image, the MACs of `architecture`."""
    import torch
    from torch import Tensor, nn

    macs = 0

    def count(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        if isinstance(module, nn.Conv2d):
            taps = module.in_channels // module.groups * prod(module.kernel_size)
            macs += output.numel() * taps
        elif isinstance(module, nn.Linear):
            macs += output.numel() * module.in_features

    with torch.device("meta"), torch.no_grad():
        network = build(architecture, input_shape, num_classes).eval()
        for module in network.modules():
            module.register_forward_hook(count)
        network(torch.empty(1, *input_shape))
    return Analysis(params=sum(p.numel() for p in network.parameters()), macs=macs)
