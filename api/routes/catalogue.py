"""Search spaces, classic networks, samplers, schedulers, proxies, data sets and baselines."""

from __future__ import annotations

from fastapi import APIRouter

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
    case_study_views,
    dataset_source_views,
    dataset_views,
    proxy_views,
    sampler_views,
    scheduler_views,
    space_views,
)
from nas.errors import NotFoundError
from search_spaces.case_studies import case_studies

router = APIRouter(tags=["catalogue"])


@router.get("/search-spaces")
def search_spaces() -> list[SpaceView]:
    """List the search spaces."""
    return space_views()


@router.get("/search-spaces/{name}")
def search_space(name: str) -> SpaceView:
    """Show one search space."""
    for view in space_views():
        if view.name == name:
            return view
    raise NotFoundError(f"no search space {name!r}")


@router.get("/case-studies")
def case_study_list() -> list[CaseStudyView]:
    """List the classic networks."""
    return case_study_views()


@router.get("/case-studies/{name}")
def case_study(name: str) -> CaseStudyView:
    """Show one classic network."""
    study = case_studies().get(name)
    if study is None:
        raise NotFoundError(f"no case study {name!r}")
    return CaseStudyView.of(study)


@router.get("/samplers")
def samplers() -> list[SamplerView]:
    """List the samplers."""
    return sampler_views()


@router.get("/proxies")
def proxies() -> list[ProxyView]:
    """List the zero-cost proxies."""
    return proxy_views()


@router.get("/schedulers")
def schedulers() -> list[SchedulerView]:
    """List the schedulers."""
    return scheduler_views()


@router.get("/datasets")
def datasets() -> list[DatasetView]:
    """List the data sets."""
    return dataset_views()


@router.get("/dataset-sources")
def dataset_sources() -> list[DatasetSourceView]:
    """List the kinds of data sets that are named by where they lie."""
    return dataset_source_views()


@router.get("/baselines")
def baselines() -> list[BaselineView]:
    """List the baselines."""
    return baseline_views()
