"""Parameters, MACs, shapes, receptive fields and memory of an architecture, without any data.

The network is built on the meta device and run on a tensor that has nothing but a shape.

A MAC is one multiply-accumulate (2 FLOPs). Convolutions and dense layers are counted, as the
published figures of the classic networks do; batch norm, activations and pooling are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from math import prod
from typing import TYPE_CHECKING, Any

from search_spaces.base import Architecture, InputShape
from search_spaces.errors import InfeasibleArchitectureError
from search_spaces.memory import ELEMENT_BYTES, MemoryUse
from search_spaces.registry import build
from search_spaces.totals import Totals

if TYPE_CHECKING:
    from torch import nn

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


@dataclass(frozen=True, slots=True)
class Analysis(Totals):
    """A network's layers in the order they run, then those that do not run; and their sums."""

    layers: tuple[LayerAnalysis, ...]

    @classmethod
    def of(cls, layers: tuple[LayerAnalysis, ...], depth: int, memory: MemoryUse) -> Analysis:
        """Add the layers up."""
        maps = [layer for layer in layers if len(layer.output_shape) == 3]
        return cls(
            params=sum(layer.params for layer in layers),
            macs=sum(layer.macs for layer in layers),
            activations=sum(prod(layer.output_shape) for layer in maps if layer.macs),
            receptive_field=max(
                (layer.receptive_field for layer in maps if prod(layer.output_shape[1:]) > 1),
                default=1,
            ),
            depth=depth,
            memory=memory,
            layers=layers,
        )

    @property
    def totals(self) -> Totals:
        """The sums alone, which take a few hundred bytes where the layers may take megabytes."""
        return Totals(**{each.name: getattr(self, each.name) for each in fields(Totals)})


def analyze(architecture: Architecture, input_shape: InputShape, num_classes: int) -> Analysis:
    """Count parameters and MACs of `architecture`, layer by layer, for one `(C, H, W)` image.

    Where the architecture names a resolution, it is counted there, and receptive fields are in
    pixels of the resized image.

    Raises:
        InfeasibleArchitectureError: The image is too small for a layer, or a layer fails, which the
            message names; or the network exceeds a limit of `search_spaces.limits`.
    """
    from search_spaces.limits import LimitedWeightless, check_size

    with LimitedWeightless():
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
        self._watched: list[tuple[nn.Module, dict[str, Any]]] = []
        self._modules = dict(network.named_modules())
        self._params = {
            name: sum(p.numel() for p in module.parameters(recurse=False))
            for name, module in self._modules.items()
        }

    def analyze(self, input_shape: InputShape) -> Analysis:
        """Run, and return what was noted."""
        from search_spaces.symbolic import Ledger, SymbolicInput, symbolic_in

        ledger = Ledger()
        for name, module in self._modules.items():
            if name:
                self._watch(name, module, ledger)
        try:
            with self._layer_named(input_shape):
                output = self._network(SymbolicInput.image(input_shape, ledger))
        finally:
            for module, own in self._watched:
                del vars(module)["forward"]
                vars(module).update(own)
        return Analysis.of(
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
        for name, params in self._params.items():
            if params and name not in ran:
                yield LayerAnalysis(name, type(self._modules[name]).__name__, (), params, 0)

    def _watch(self, name: str, module: nn.Module, ledger: Ledger) -> None:
        """Note what the module does each time it is called.

        Its `forward` is replaced, since torch's hooks take several times as long to set and call.
        """
        forward = module.forward
        own = {"forward": forward} if "forward" in vars(module) else {}
        self._watched.append((module, own))
        params = self._params[name]
        is_leaf = next(module.children(), None) is None

        def watched(*args: Any, **kwargs: Any) -> Any:
            self._path.append(name)
            macs_outside, ledger.macs = ledger.macs, 0
            output = forward(*args, **kwargs)
            macs, ledger.macs = ledger.macs, macs_outside
            self._path.pop()
            if params or macs or (is_leaf and _is_window(output, args[0])):
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
            return output

        vars(module)["forward"] = watched

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
