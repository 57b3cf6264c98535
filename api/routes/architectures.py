"""Architectures that need not belong to a job."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.problems import possible
from nas.analysis_view import AnalysisRequest, AnalysisView, analyze_json
from nas.scaling.analyzing import ScalingAnalysisRequest, analyze_request
from nas.scaling.view import ScalingView
from search_spaces import InputShape, draw_svg, parse_architecture

router = APIRouter(prefix="/architectures", tags=["architectures"])
SVG = "image/svg+xml"


@router.post("/analyze", responses=possible(413, 415))
async def analyze(wanted: AnalysisRequest, request: Request) -> AnalysisView:
    """Count parameters, MACs and memory layer by layer, with shapes and receptive fields."""
    shape: InputShape = wanted.input
    view: AnalysisView = await request.app.state.torch_process.run(
        analyze_json, wanted.architecture, shape, wanted.num_classes, wanted.name, wanted.batch_size
    )
    return view


@router.post("/scale", responses=possible(413, 415))
async def scale(wanted: ScalingAnalysisRequest, request: Request) -> ScalingView:
    """Count what scaled versions of an architecture take; phi 1 to 7 where none is named."""
    parse_architecture(wanted.architecture)  # what is none is refused at once
    view: ScalingView = await request.app.state.torch_process.run(analyze_request, wanted)
    return view


@router.post(
    "/drawing",
    response_class=Response,
    responses=possible(413, 415) | {200: {"content": {SVG: {"schema": {"type": "string"}}}}},
)
def draw(wanted: AnalysisRequest) -> Response:
    """Draw an architecture as SVG; of the request, only the architecture matters."""
    return Response(draw_svg(parse_architecture(wanted.architecture)), media_type=SVG)
