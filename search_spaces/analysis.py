"""Parameters, MACs and shapes of an architecture, found on the meta device: no memory, no data.

A MAC is one multiply-accumulate (2 FLOPs). Convolutions and dense layers are counted, as the
published figures of the classic networks do; batch norm, activations and pooling are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from search_spaces.base import Architecture, InputShape
from search_spaces.registry import build


@dataclass(frozen=True, slots=True)
class LayerAnalysis:
    """One layer with parameters or MACs of its own; the shape leaves out the batch."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    params: int
    macs: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """A network's layers in the order they run, for one image."""

    layers: tuple[LayerAnalysis, ...]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.layers)


def analyze(architecture: Architecture, input_shape: InputShape, num_classes: int) -> Analysis:
    """Count parameters and MACs of `architecture`, layer by layer, for one `(C, H, W)` image."""
    import torch
    from torch import Tensor, nn

    layers: list[LayerAnalysis] = []

    def count(name: str, module: nn.Module, output: Tensor) -> None:
        macs = 0
        if isinstance(module, nn.Conv2d):
            macs = output.numel() * module.in_channels // module.groups * prod(module.kernel_size)
        elif isinstance(module, nn.Linear):
            macs = output.numel() * module.in_features
        params = sum(p.numel() for p in module.parameters(recurse=False))
        if params or macs:
            shape = tuple(output.shape[1:])
            layers.append(LayerAnalysis(name, type(module).__name__, shape, params, macs))

    with torch.device("meta"), torch.no_grad():
        network = build(architecture, input_shape, num_classes).eval()
        for name, module in network.named_modules():
            module.register_forward_hook(
                lambda module, _inputs, output, name=name: count(name, module, output)
            )
        network(torch.empty(1, *input_shape))
    return Analysis(tuple(layers))
