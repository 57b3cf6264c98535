"""How large a network may be, checked before any of its memory is asked for.

Each field of an architecture has its own bound, but many fields at their bounds would together
describe a network of terabytes. The largest case studies have 0.14 G parameters (VGG-19), 38 G
MACs and 0.6 G activations (EfficientNet-B7 at 600x600 pixels).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from search_spaces.errors import InfeasibleArchitectureError

if TYPE_CHECKING:
    from search_spaces.analysis import Analysis

MAX_PARAMS = 2 * 10**9
"""Parameters; in training they take four times their own 8 GB."""

MAX_TENSORS = 20_000
"""Tensors that hold parameters and running statistics: what bounds the time of an analysis."""

MAX_MACS = 10**13
"""Multiply-accumulates for one image."""

MAX_ACTIVATIONS = 4 * 10**9
"""Numbers that all layers together put out for one image."""

_MAKERS = frozenset(
    {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.tensor}
)


class SizeLimit(TorchFunctionMode):
    """Counts the tensors made while it is entered, and stops at the first beyond a limit.

    It is for a network that is built on the meta device, where tensors take no memory.

    Raises:
        InfeasibleArchitectureError: `MAX_PARAMS` or `MAX_TENSORS` is exceeded.
    """

    def __init__(self) -> None:
        self._elements = 0
        self._tensors = 0

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call `function`, and count what it makes."""
        made = function(*args, **(kwargs or {}))
        if function not in _MAKERS:
            return made
        self._elements += made.numel()
        self._tensors += 1
        if self._elements > MAX_PARAMS:
            raise self._too_large(f"more than {MAX_PARAMS:,} parameters")
        if self._tensors > MAX_TENSORS:
            raise self._too_large(f"more than {MAX_TENSORS:,} tensors of weights")
        return made

    def _too_large(self, found: str) -> InfeasibleArchitectureError:
        return InfeasibleArchitectureError(
            f"architecture: {found}, allowed: smaller or fewer layers", params=self._elements
        )


def check_size(analysis: Analysis) -> None:
    """Raise `InfeasibleArchitectureError` if an analysed network exceeds a limit."""
    activations = [prod(layer.output_shape) for layer in analysis.layers if layer.output_shape]
    for what, found, limit in (
        ("parameters", analysis.params, MAX_PARAMS),
        ("MACs for one image", analysis.macs, MAX_MACS),
        ("activations for one image", sum(activations), MAX_ACTIVATIONS),
    ):
        if found > limit:
            raise InfeasibleArchitectureError(
                f"architecture: {found:,} {what}, allowed: at most {limit:,}",
                params=analysis.params,
                macs=analysis.macs,
            )
