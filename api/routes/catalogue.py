"""Search spaces, samplers, data sets and baselines."""

from __future__ import annotations

from fastapi import APIRouter

from nas.catalogue import (
    BaselineView,
    DatasetView,
    SamplerView,
    SpaceView,
    baseline_views,
    dataset_views,
    sampler_views,
    space_views,
)
from nas.errors import NotFoundError

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


@router.get("/samplers")
def samplers() -> list[SamplerView]:
    """List the samplers."""
    return sampler_views()


@router.get("/datasets")
def datasets() -> list[DatasetView]:
    """List the data sets."""
    return dataset_views()


@router.get("/baselines")
def baselines() -> list[BaselineView]:
    """List the baselines."""
    return baseline_views()
