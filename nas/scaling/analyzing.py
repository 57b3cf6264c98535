"""Any architecture's family, analysed and not trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from nas.scaling.coefficients import PAPER, Coefficients
from nas.scaling.family import family_of
from nas.scaling.network import BaseNetwork
from nas.scaling.request import PAPER_PHIS, CoefficientsRequest, FamilyRequest
from nas.scaling.solving import Measure
from nas.scaling.view import ScalingView
from search_spaces import parse_architecture

Side = Annotated[int, Field(ge=1, le=4096)]


class ScalingAnalysisRequest(FamilyRequest):
    """An architecture, the images it is for, and which scaled versions to analyse."""

    architecture: dict[str, Any] = Field(description="as trials, case studies and exports hold it")
    input: tuple[Side, Side, Side] = Field((3, 32, 32), description="one image, (C, H, W)")
    num_classes: int = Field(10, ge=1, le=1_000_000)
    name: str = Field("architecture", max_length=200)
    coefficients: CoefficientsRequest = Field(
        PAPER, description="given; default: the paper's 1.2, 1.1, 1.15"
    )


def scale_and_analyze(
    name: str,
    base: BaseNetwork,
    wanted: FamilyRequest,
    coefficients: Coefficients = PAPER,
    measures: Mapping[str, Measure] | None = None,
) -> ScalingView:
    """Analyse a network's scaled versions; those of phi 1 to 7 where none is named. Needs torch.

    Raises:
        UnscalableSpaceError: The architecture's space does not say how.
        InfeasibleArchitectureError: The network itself cannot be built for its images.
        InvalidInputError: No member keeps a target.
    """
    base.figures  # noqa: B018  # what cannot be built is refused, not shown
    if not wanted.names_members:
        wanted = wanted.model_copy(update={"phis": PAPER_PHIS})
    family = family_of(base, wanted, coefficients, measures)
    return ScalingView.of(name, base, coefficients, family)


def analyze_request(request: ScalingAnalysisRequest) -> ScalingView:
    """Analyse an architecture as it was sent, in a process of its own."""
    architecture = parse_architecture(request.architecture)
    base = BaseNetwork(architecture, request.input, request.num_classes, request.divisor)
    return scale_and_analyze(request.name, base, request, request.coefficients)
