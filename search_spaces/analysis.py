"""Parameters, MACs, shapes, receptive fields and memory of an architecture, without any data.

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
from search_spaces.memory import ELEMENT_BYTES, MemoryUse, Optimizer
from search_spaces.registry import build

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.hooks import RemovableHandle

    from search_spaces.symbolic import Ledger, SymbolicTensor


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

    @property
    def activation_bytes(self) -> int:
        """Bytes of the layer's output for one image, as float32; none if it does not run."""
        return ELEMENT_BYTES * prod(self.output_shape) if self.output_shape else 0


@dataclass(frozen=True)
class Analysis:
    """A network's layers in the order they run, for one image; those that do not run come last."""

    layers: tuple[LayerAnalysis, ...]
    depth: int
    """Layers with weights on the longest path from image to output, as classic networks are
    numbered: convolutions and dense layers count, batch norms do not, and neither do shortcuts
    beside a longer path; the two layers that compute the gates of an SE block do."""
    memory: MemoryUse

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

    def peak_activation_bytes(self, batch_size: int = 1) -> int:
        """Return the most bytes of tensors alive at once in inference, weights left out.

        Exact for eager execution in float32, the batch of images included; the workspace that
        kernels allocate and free inside is not.
        """
        return self.memory.peak_activation_bytes(batch_size)

    def training_bytes(self, batch_size: int, optimizer: Optimizer = "sgd") -> int:
        """Estimate the memory of a training step in float32; `MemoryUse` has the formula."""
        return self.memory.training_bytes(batch_size, self.params, optimizer)


def analyze(architecture: Architecture, input_shape: InputShape, num_classes: int) -> Analysis:
    """Count parameters and MACs of `architecture`, layer by layer, for one `(C, H, W)` image.

    Where the architecture names a resolution, it is counted there, and receptive fields are in
    pixels of the resized image.

    Raises:
        InfeasibleArchitectureError: The image is too small for a layer, or a layer fails, which the
            message names; or the network exceeds a limit of `search_spaces.limits`.
    """
    from search_spaces.limits import SizeLimit, check_size
    from search_spaces.symbolic import weightless

    with weightless(), SizeLimit():
        network = build(architecture, input_shape, num_classes).eval()
    analysis = analyze_network(network, architecture.seen_shape(input_shape))
    check_size(analysis)
    return analysis


def analyze_network(network: nn.Module, input_shape: InputShape) -> Analysis:
    """Analyse any module that takes `(N, C, H, W)` images; its weights are not looked at.

    Raises:
        InfeasibleArchitectureError: The image is too small for a layer, or a layer fails; the
            message names it.
    """
    return _Run(network).analyze(input_shape)


class _Run:
    """One run of a network on a symbolic image, noting what each module does."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._layers: list[LayerAnalysis] = []
        self._path: list[str] = []
        self._hooks: list[RemovableHandle] = []
        self._params = {
            name: sum(p.numel() for p in module.parameters(recurse=False))
            for name, module in network.named_modules()
        }

    def analyze(self, input_shape: InputShape) -> Analysis:
        """Run, and return what was noted."""
        from search_spaces.symbolic import Ledger, SymbolicInput, symbolic_in

        ledger = Ledger()
        for name, module in self._network.named_modules():
            if name:
                self._watch(name, module, ledger)
        try:
            with self._layer_named(input_shape):
                output = self._network(SymbolicInput.image(input_shape, ledger))
        finally:
            for hook in self._hooks:
                hook.remove()
        return Analysis(
            (*self._layers, *self._layers_left_out()),
            max((tensor.depth for tensor in symbolic_in(output)), default=0),
            MemoryUse(
                input_bytes=ELEMENT_BYTES * prod(input_shape),
                peak_bytes=ledger.peak,
                largest_bytes=ledger.largest,
                kept_bytes=ledger.kept,
                kept_bytes_per_step=ledger.kept_per_step,
                buffer_bytes=sum(buffer.nbytes for buffer in self._network.buffers()),
            ),
        )

    def _layers_left_out(self) -> Iterator[LayerAnalysis]:
        """Yield the layers with parameters that were not run."""
        ran = {layer.name for layer in self._layers}
        for name, module in self._network.named_modules():
            params = self._params[name]
            if params and name not in ran:
                yield LayerAnalysis(name, type(module).__name__, (), params, 0)

    def _watch(self, name: str, module: nn.Module, ledger: Ledger) -> None:
        params = self._params[name]
        is_leaf = next(module.children(), None) is None
        macs_outside: list[int] = []  # a stack, since a module may run inside itself

        def enter(_module: nn.Module, _inputs: Any) -> None:
            self._path.append(name)
            macs_outside.append(ledger.macs)
            ledger.macs = 0

        def leave(module: nn.Module, inputs: Any, output: SymbolicTensor) -> None:
            macs, ledger.macs = ledger.macs, macs_outside.pop()
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

        self._hooks += module.register_forward_pre_hook(enter), module.register_forward_hook(leave)

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
