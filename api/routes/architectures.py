"""Architectures that need not belong to a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from nas.analysis_view import MAX_BATCH_SIZE, AnalysisView, analyze_json
from nas.scaling.analyzing import ScalingAnalysisRequest, analyze_request
from nas.scaling.view import ScalingView
from search_spaces import InputShape, draw_svg, parse_architecture

router = APIRouter(prefix="/architectures", tags=["architectures"])
SVG = "image/svg+xml"
Side = Annotated[int, Field(ge=1, le=4096)]


class AnalysisRequest(BaseModel):
    """An architecture and the images it is for."""

    model_config = ConfigDict(extra="forbid")

    architecture: dict[str, Any] = Field(description="as trials, case studies and exports hold it")
    input: tuple[Side, Side, Side] = Field((3, 32, 32), description="one image, (C, H, W)")
    num_classes: int = Field(10, ge=1, le=1_000_000)
    name: str = Field("architecture", max_length=200)
    batch_size: int = Field(
        1, ge=1, le=MAX_BATCH_SIZE, description="images at once, for the memory"
    )


@router.post("/analyze")
async def analyze(wanted: AnalysisRequest, request: Request) -> AnalysisView:
    """Count parameters, MACs and memory layer by layer, with shapes and receptive fields."""
    shape: InputShape = wanted.input
    view: AnalysisView = await request.app.state.torch_process.run(
        analyze_json, wanted.architecture, shape, wanted.num_classes, wanted.name, wanted.batch_size
    )
    return view


@router.post("/scale")
async def scale(wanted: ScalingAnalysisRequest, request: Request) -> ScalingView:
    """Count what scaled versions of an architecture take; phi 1 to 7 where none is named."""
    parse_architecture(wanted.architecture)  # what is none is refused at once
    view: ScalingView = await request.app.state.torch_process.run(analyze_request, wanted)
    return view


@router.post(
    "/drawing",
    response_class=Response,
    responses={200: {"content": {SVG: {"schema": {"type": "string"}}}}},
)
def draw(wanted: AnalysisRequest) -> Response:
    """Draw an architecture as SVG; of the request, only the architecture matters."""
    return Response(draw_svg(parse_architecture(wanted.architecture)), media_type=SVG)
