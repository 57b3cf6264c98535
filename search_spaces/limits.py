"""How large a network may be, checked before any of its memory is asked for.

Each field of an architecture has its own bound, but many fields at their bounds would together
describe a network of terabytes. The largest case studies have 0.14 G parameters (VGG-19), 38 G
MACs and 0.6 G activations (EfficientNet-B7 at 600x600 pixels).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from torch import Tensor

from search_spaces.errors import InfeasibleArchitectureError
from search_spaces.symbolic import Weightless

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


class LimitedWeightless(Weightless):
    """Counts the tensors made while it is entered, and stops at the first beyond a limit.

    Raises:
        InfeasibleArchitectureError: `MAX_PARAMS` or `MAX_TENSORS` is exceeded.
    """

    def __init__(self) -> None:
        super().__init__()
        self._elements = 0
        self._tensors = 0

    def note(self, made: Tensor) -> None:
        """Count a tensor."""
        self._elements += made.numel()
        self._tensors += 1
        if self._elements > MAX_PARAMS:
            raise self._too_large(f"more than {MAX_PARAMS:,} parameters")
        if self._tensors > MAX_TENSORS:
            raise self._too_large(f"more than {MAX_TENSORS:,} tensors of weights")

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
