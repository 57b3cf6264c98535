"""Parameters, MACs, shapes and receptive fields of an architecture, without data or memory.

The network is built on the meta device and run on a tensor that has nothing but a shape.

A MAC is one multiply-accumulate (2 FLOPs). Convolutions and dense layers are counted, as the
published figures of the classic networks do; batch norm, activations and pooling are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from search_spaces.base import Architecture, InputShape
from search_spaces.errors import InfeasibleArchitectureError
from search_spaces.registry import build

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.symbolic import SymbolicTensor


@dataclass(frozen=True, slots=True)
class LayerAnalysis:
    """One layer with parameters or a window of its own; the shape leaves out the batch.

    A layer that only training runs, as those of an auxiliary head, has no shape and no MACs.

    `field_size` and `jump` are `(height, width)` in pixels of the image: what one element
    of the output sees, and how far apart the views of two neighbours are.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    params: int
    macs: int
    field_size: tuple[int, int] = (1, 1)
    jump: tuple[int, int] = (1, 1)

    @property
    def receptive_field(self) -> int:
        """The larger of the receptive field's height and width, in pixels."""
        return max(self.field_size)


@dataclass(frozen=True)
class Analysis:
    """A network's layers in the order they run, for one image; those that do not run come last."""

    layers: tuple[LayerAnalysis, ...]

    @cached_property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(layer.params for layer in self.layers)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.layers)

    @property
    def receptive_field(self) -> int:
        """The largest receptive field before height and width are averaged away, in pixels."""
        spatial = [layer for layer in self.layers if len(layer.output_shape) == 3]
        seen = [layer.receptive_field for layer in spatial if prod(layer.output_shape[1:]) > 1]
        return max(seen, default=1)


def analyze(architecture: Architecture, input_shape: InputShape, num_classes: int) -> Analysis:
    """Count parameters and MACs of `architecture`, layer by layer, for one `(C, H, W)` image.

    Raises:
        InfeasibleArchitectureError: The image is too small for a layer, or a layer fails, which the
            message names; or the network exceeds a limit of `search_spaces.limits`.
    """
    import torch

    from search_spaces.limits import SizeLimit, check_size

    with torch.device("meta"), SizeLimit():
        network = build(architecture, input_shape, num_classes).eval()
    analysis = analyze_network(network, input_shape)
    check_size(analysis)
    return analysis


def analyze_network(network: nn.Module, input_shape: InputShape) -> Analysis:
    """Analyse any module that takes `(N, C, H, W)` images; its weights are not looked at.

    Raises:
        InfeasibleArchitectureError: The image is too small for a layer, or a layer fails; the
            message names it.
    """
    return Analysis(tuple(_Run(network).layers(input_shape)))


class _Run:
    """One run of a network on a symbolic image, noting what each module does."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._macs: list[int] = [0]
        self._layers: list[LayerAnalysis] = []
        self._path: list[str] = []

    def layers(self, input_shape: InputShape) -> list[LayerAnalysis]:
        """Run and return the layers in the order they ran."""
        from search_spaces.symbolic import ReceptiveField, SymbolicTensor

        for name, module in self._network.named_modules():
            if name:
                self._watch(name, module)
        with self._layer_named(input_shape):
            self._network(SymbolicTensor((1, *input_shape), ReceptiveField(), self._add_macs))
        return [*self._layers, *self._layers_left_out()]

    def _layers_left_out(self) -> Iterator[LayerAnalysis]:
        """Yield the layers with parameters that were not run."""
        ran = {layer.name for layer in self._layers}
        for name, module in self._network.named_modules():
            params = sum(p.numel() for p in module.parameters(recurse=False))
            if params and name not in ran:
                yield LayerAnalysis(name, type(module).__name__, (), params, 0)

    def _add_macs(self, macs: int) -> None:
        self._macs[-1] += macs

    def _watch(self, name: str, module: nn.Module) -> None:
        params = sum(p.numel() for p in module.parameters(recurse=False))
        is_leaf = next(module.children(), None) is None

        def enter(_module: nn.Module, _inputs: Any) -> None:
            self._path.append(name)
            self._macs.append(0)

        def leave(module: nn.Module, inputs: Any, output: SymbolicTensor) -> None:
            macs = self._macs.pop()
            self._path.pop()
            if params or macs or (is_leaf and _is_window(output, inputs[0])):
                self._layers.append(
                    LayerAnalysis(
                        name,
                        type(module).__name__,
                        tuple(output.shape[1:]),
                        params,
                        macs,
                        output.field.size,
                        output.field.jump,
                    )
                )

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)

    @contextmanager
    def _layer_named(self, input_shape: InputShape) -> Iterator[None]:
        from search_spaces.symbolic import SpatialSizeError

        try:
            yield
        except SpatialSizeError as error:
            channels, height, width = input_shape
            raise self._infeasible(
                f"has no output for a {channels}x{height}x{width} image: {error}; "
                "allowed: larger images or fewer reductions"
            ) from None
        except (TypeError, ValueError, RuntimeError) as error:  # a block of another package, say
            raise self._infeasible(f"failed: {type(error).__name__}: {error}") from error

    def _infeasible(self, reason: str) -> InfeasibleArchitectureError:
        layer = f"layer {self._path[-1]!r}" if self._path else "the network"
        return InfeasibleArchitectureError(
            f"architecture: {layer} {reason}",
            params=sum(p.numel() for p in self._network.parameters()),
            macs=sum(layer.macs for layer in self._layers),
        )


def _is_window(output: SymbolicTensor, source: SymbolicTensor) -> bool:
    """Tell whether a layer without parameters looks at more than single pixels: pooling."""
    return output.ndim == 4 and output.field != source.field
