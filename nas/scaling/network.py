"""A network that is scaled, and what its scaled versions take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nas.analysis_cache import AnalysisCache
from nas.metrics import counted_figures
from nas.scaling.multipliers import Axis, Multipliers, checked_multipliers
from search_spaces import Architecture, scale
from search_spaces.base import InputShape
from search_spaces.blocks.rounding import DIVISOR

Figures = Mapping[str, float]
"""What an analysis counts, by the names of `nas.metrics`."""


@dataclass(frozen=True)
class BaseNetwork:
    """An architecture and the images `(C, H, W)` that it is for; scaled by multipliers.

    Channels are rounded to multiples of `divisor`: EfficientNet's 8 suits its 16 to 1,280
    channels; a smaller one lets networks of a few channels grow by small steps.
    """

    architecture: Architecture
    input_shape: InputShape
    num_classes: int
    divisor: int = DIVISOR

    @property
    def resolution(self) -> int:
        """The height in pixels at which the unscaled network sees images."""
        return self.architecture.seen_shape(self.input_shape)[1]

    @property
    def identity(self) -> Multipliers:
        """The multipliers that change nothing."""
        return Multipliers(width=1, depth=1, resolution=self.resolution)

    @cached_property
    def _analyses(self) -> AnalysisCache:
        return AnalysisCache(self.input_shape, self.num_classes)

    @cached_property
    def figures(self) -> Figures:
        """What the unscaled network takes."""
        return self.figures_of(self.architecture)

    def scaled(self, multipliers: Multipliers) -> Architecture:
        """Return the scaled architecture, which resizes images unless they are of its resolution.

        Raises:
            UnscalableSpaceError: The architecture's space does not say how.
            InfeasibleArchitectureError: It is larger than an architecture may be.
        """
        architecture = scale(
            self.architecture,
            width=multipliers.width,
            depth=multipliers.depth,
            divisor=self.divisor,
        )
        is_native = multipliers.resolution == self.input_shape[1]
        resolution = None if is_native else multipliers.resolution
        return architecture.model_copy(update={"resolution": resolution}).canonical()

    def single_axis(self, axis: Axis, factor: float) -> Multipliers:
        """Return multipliers that make the network larger in one way alone.

        Raises:
            InfeasibleArchitectureError: They are beyond what any network may be scaled by.
        """
        return checked_multipliers(
            width=factor if axis is Axis.WIDTH else 1,
            depth=factor if axis is Axis.DEPTH else 1,
            resolution=round(self.resolution * (factor if axis is Axis.RESOLUTION else 1)),
        )

    def figures_of(self, architecture: Architecture) -> Figures:
        """Count what an architecture takes for these images; needs torch.

        Raises:
            InfeasibleArchitectureError: It has no network for them, or one that is too large.
        """
        return counted_figures(self._analyses.totals(architecture))
