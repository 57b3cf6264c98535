"""What a user asks of scaling: which members of a family, and what a follow-up job trains."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nas.metrics import METRICS, Source
from nas.scaling.coefficients import PAPER, Coefficients, Grid
from nas.scaling.multipliers import MultipliersRequest
from nas.scaling.network import BaseNetwork
from nas.scaling.solving import MOST_PHI, parse_target
from search_spaces import parse_architecture
from search_spaces.base import InputShape
from search_spaces.blocks.rounding import DIVISOR

MOST_MEMBERS = 16
PAPER_PHIS = tuple(map(float, range(1, 8)))
"""EfficientNet-B1 to B7 (section 5)."""


def _read_coefficients(given: Any) -> Any:
    return PAPER if given == "paper" else given


def _readable_target(text: str) -> str:
    return str(parse_target(text))


Phi = Annotated[float, Field(ge=-MOST_PHI, le=MOST_PHI, allow_inf_nan=False)]
CoefficientsRequest = Annotated[Coefficients, BeforeValidator(_read_coefficients)]
"""Coefficients as an object, or the word `paper`."""


class FamilyRequest(BaseModel):
    """Which scaled networks are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    phis: tuple[Phi, ...] = Field(
        (),
        max_length=MOST_MEMBERS,
        description="a member for each: its depth is alpha^phi, its width beta^phi, its "
        "resolution gamma^phi times the network's own",
        examples=[[1, 2, 3]],
    )
    multipliers: tuple[MultipliersRequest, ...] = Field(
        (),
        max_length=MOST_MEMBERS,
        description="a member for each, scaled by rounded numbers as the released EfficientNets: "
        "an object, or WIDTH,DEPTH,RESOLUTION",
        examples=[["1.0,1.1,240"]],
    )
    targets: tuple[Annotated[str, AfterValidator(_readable_target)], ...] = Field(
        (),
        max_length=MOST_MEMBERS,
        description="a member for each: the largest that keeps the bound",
        examples=[["macs<=1e9"]],
    )
    compare: bool = Field(
        True,
        description="beside each member one that is only deeper, one only wider and one only of "
        "higher resolution, of equal MACs",
    )
    divisor: int = Field(
        DIVISOR, ge=1, le=64, description="widths are rounded to multiples of it; the paper's is 8"
    )

    @property
    def names_members(self) -> bool:
        """Whether any scaled network is asked for."""
        return bool(self.phis or self.multipliers or self.targets)


class ScalingRequest(FamilyRequest):
    """What a follow-up job trains: a grid of coefficients, unless they are given; then members."""

    coefficients: CoefficientsRequest | None = Field(
        None,
        description="given; or `paper`: 1.2, 1.1, 1.15; or null: those of the grid are trained "
        "with phi 1, and the best taken",
    )
    grid: Grid = Field(default_factory=Grid, description="coefficients to try where none are given")

    @property
    def searches_coefficients(self) -> bool:
        """Whether the grid is trained; members with multipliers of their own need none of it."""
        is_needed = bool(self.phis or self.targets or not self.multipliers)
        return self.coefficients is None and is_needed

    @model_validator(mode="after")
    def _has_something_to_train(self) -> Self:
        if self.coefficients is not None and not self.names_members:
            raise ValueError(
                "phis, multipliers and targets: got none, with coefficients given; allowed: at "
                "least one member, or coefficients null"
            )
        for target in self.targets:
            metric = METRICS[parse_target(target).metric]
            if metric.source is not Source.ANALYSIS:
                counted = (m.name for m in METRICS.values() if m.is_cost and m.count is not None)
                raise ValueError(
                    f"targets: got {target!r}, which takes a measurement; allowed in a job: bounds "
                    f"on {', '.join(counted)}; `nas scale --target` finds its phi"
                )
        return self


class Scaling(ScalingRequest):
    """A follow-up job's request, with the network that it scales and where that was found."""

    architecture: dict[str, Any] = Field(description="what is scaled")
    job_id: str = Field(description="the job that found it")
    trial_id: str = Field(description="its trial")

    @model_validator(mode="after")
    def _is_architecture(self) -> Self:
        parse_architecture(self.architecture)
        return self

    def base(self, input_shape: InputShape, num_classes: int) -> BaseNetwork:
        """Return the network that is scaled, for the job's images."""
        architecture = parse_architecture(self.architecture)
        return BaseNetwork(architecture, input_shape, num_classes, self.divisor)
