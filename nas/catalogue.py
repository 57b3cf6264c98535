"""What a user may choose from, spaces, samplers, data sets, baselines, as REST and CLI show it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nas.baselines import BASELINES
from nas.datasets import DATASETS
from nas.samplers import SAMPLERS
from search_spaces import create_space, spaces
from search_spaces.base import InputShape


class SpaceView(BaseModel):
    """A search space, its options and the decisions it asks with default options."""

    name: str
    summary: str
    options: dict[str, Any] = Field(description="JSON schema of `space_options`")
    decisions: list[dict[str, Any]] = Field(description="name and choices, in the order asked")


class SamplerView(BaseModel):
    """A sampler and its options."""

    name: str
    summary: str
    options: dict[str, Any] = Field(description="JSON schema of `sampler_options`")


class BaselineView(BaseModel):
    """A baseline: a classifier without a search."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    summary: str


class DatasetView(BaseModel):
    """A data set."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    summary: str
    input_shape: InputShape = Field(description="shape of one image, (C, H, W)")
    class_names: tuple[str, ...]
    train_size: int
    validation_size: int
    test_size: int
    source: str


def space_views() -> list[SpaceView]:
    """Describe every search space."""
    return [
        SpaceView(
            name=name,
            summary=space.summary,
            options=space.options_type.model_json_schema(),
            decisions=[
                {"name": decision.name, "choices": list(decision.choices)}
                for decision in create_space(name).decisions
            ],
        )
        for name, space in sorted(spaces().items())
    ]


def sampler_views() -> list[SamplerView]:
    """Describe every sampler."""
    return [
        SamplerView(
            name=entry.name,
            summary=entry.summary,
            options=entry.options_type.model_json_schema(),
        )
        for entry in SAMPLERS.values()
    ]


def baseline_views() -> list[BaselineView]:
    """Describe every baseline."""
    return [BaselineView.model_validate(entry) for entry in BASELINES.values()]


def dataset_views() -> list[DatasetView]:
    """Describe every data set."""
    return [DatasetView.model_validate(dataset.info) for dataset in DATASETS.values()]
