"""Search spaces, classic networks, samplers, schedulers, proxies, data sets and baselines."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.parameters import Name
from api.problems import possible
from api.reads import ReadDep
from nas.catalogue import (
    BaselineView,
    CaseStudyView,
    DatasetSourceView,
    DatasetView,
    ProxyView,
    SamplerView,
    SchedulerView,
    SpaceView,
    baseline_views,
    case_study_view,
    case_study_views,
    dataset_source_views,
    dataset_views,
    proxy_views,
    sampler_views,
    scheduler_views,
    space_view,
    space_views,
)

router = APIRouter(tags=["catalogue"])


@router.get("/search-spaces", response_model=list[SpaceView])
async def search_spaces(read: ReadDep) -> Response:
    """List the search spaces."""
    return await read.constant(space_views)


@router.get("/search-spaces/{name}", response_model=SpaceView, responses=possible(404))
async def search_space(name: Name, read: ReadDep) -> Response:
    """Show one search space."""
    return await read.constant(lambda: space_view(name))


@router.get("/case-studies", response_model=list[CaseStudyView])
async def case_study_list(read: ReadDep) -> Response:
    """List the classic networks."""
    return await read.constant(case_study_views)


@router.get("/case-studies/{name}", response_model=CaseStudyView, responses=possible(404))
async def case_study(name: Name, read: ReadDep) -> Response:
    """Show one classic network."""
    return await read.constant(lambda: case_study_view(name))


@router.get("/samplers", response_model=list[SamplerView])
async def samplers(read: ReadDep) -> Response:
    """List the samplers."""
    return await read.constant(sampler_views)


@router.get("/proxies", response_model=list[ProxyView])
async def proxies(read: ReadDep) -> Response:
    """List the zero-cost proxies."""
    return await read.constant(proxy_views)


@router.get("/schedulers", response_model=list[SchedulerView])
async def schedulers(read: ReadDep) -> Response:
    """List the schedulers."""
    return await read.constant(scheduler_views)


@router.get("/datasets", response_model=list[DatasetView])
async def datasets(read: ReadDep) -> Response:
    """List the data sets."""
    return await read.constant(dataset_views)


@router.get("/dataset-sources", response_model=list[DatasetSourceView])
async def dataset_sources(read: ReadDep) -> Response:
    """List the kinds of data sets that are named by where they lie."""
    return await read.constant(dataset_source_views)


@router.get("/baselines", response_model=list[BaselineView])
async def baselines(read: ReadDep) -> Response:
    """List the baselines."""
    return await read.constant(baseline_views)
