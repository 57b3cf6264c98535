"""How much of a network's growth goes into its depth, its width and its resolution.

Tan, Le: EfficientNet, ICML 2019, section 3.3, equation 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nas.scaling.multipliers import Multipliers, checked_multipliers

GROWTH = 2.0
"""What alpha * beta^2 * gamma^2 is to be: MACs double with each step of phi."""

TOLERANCE = 0.2
"""How far from `GROWTH` the product may be; the paper's own is 1.92."""


class Coefficients(BaseModel):
    """Depth alpha^phi, width beta^phi, resolution gamma^phi; MACs then grow by about 2^phi."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    alpha: float = Field(ge=1, le=GROWTH + TOLERANCE, description="of depth", examples=[1.2])
    beta: float = Field(ge=1, le=GROWTH, description="of width", examples=[1.1])
    gamma: float = Field(ge=1, le=GROWTH, description="of resolution", examples=[1.15])

    @model_validator(mode="after")
    def _doubles_macs(self) -> Self:
        if abs(self.product - GROWTH) > TOLERANCE + 1e-9:
            raise ValueError(
                f"alpha * beta^2 * gamma^2: got {self.product:.3f}, allowed: "
                f"{GROWTH - TOLERANCE:g} to {GROWTH + TOLERANCE:g}; other rates are other phi"
            )
        return self

    @property
    def product(self) -> float:
        """What MACs grow by with each step of phi, before anything is rounded."""
        return self.alpha * self.beta**2 * self.gamma**2

    def multipliers(self, phi: float, resolution: int) -> Multipliers:
        """Return what `phi` comes to for a network that sees images of `resolution` pixels.

        Raises:
            InfeasibleArchitectureError: It is beyond what any network may be scaled by.
        """
        return checked_multipliers(
            width=self.beta**phi,
            depth=self.alpha**phi,
            resolution=round(resolution * self.gamma**phi),
        )


PAPER = Coefficients(alpha=1.2, beta=1.1, gamma=1.15)
"""What the paper's grid search found for EfficientNet-B0 (section 4)."""


class Grid(BaseModel):
    """The coefficients that are tried, phi being 1: every multiple of `step` above 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    step: float = Field(0.1, ge=0.02, le=1, description="between neighbouring coefficients")
    tolerance: float = Field(
        0.05,
        ge=0,
        le=TOLERANCE,
        description="how far alpha * beta^2 * gamma^2 may be from 2",
    )

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if not self.coefficients():
            raise ValueError(
                f"step {self.step:g} with tolerance {self.tolerance:g} leaves no coefficients; "
                "allowed: a smaller step or a larger tolerance"
            )
        return self

    def coefficients(self) -> list[Coefficients]:
        """List them, alpha changing slowest."""
        return [
            Coefficients(alpha=alpha, beta=beta, gamma=gamma)
            for alpha in self._values(GROWTH + self.tolerance)
            for beta in self._values((GROWTH + self.tolerance) ** 0.5)
            for gamma in self._values((GROWTH + self.tolerance) ** 0.5)
            if abs(alpha * beta**2 * gamma**2 - GROWTH) <= self.tolerance + 1e-9
        ]

    def _values(self, most: float) -> Iterator[float]:
        number = 0
        while (value := round(1 + number * self.step, 6)) <= most:
            yield value
            number += 1
