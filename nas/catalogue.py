"""What a user may choose from, spaces, samplers, schedulers and so on, as REST and CLI show it."""

from __future__ import annotations

from dataclasses import asdict
from math import log10
from pkgutil import resolve_name
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nas.baselines import BASELINES
from nas.datasets import DATASETS, SOURCES, StreamedData, find_or_raise_dataset
from nas.errors import InvalidInputError, NotFoundError
from nas.proxies import PROXIES
from nas.samplers import SAMPLERS
from nas.schedulers import SCHEDULERS
from search_spaces import create_space, spaces
from search_spaces.base import InputShape
from search_spaces.case_studies import CaseStudy, case_studies
from search_spaces.registry import AnySpace


class SpaceView(BaseModel):
    """A search space, its options, and its size and decisions with default options."""

    name: str = Field(description="as a job names it")
    summary: str = Field(description="what it holds")
    size: int = Field(description="number of complete answers; several may be one network")
    log10_size: float = Field(description="its decimal logarithm, as `size` may be huge")
    options: dict[str, Any] = Field(description="JSON schema of `space_options`")
    decisions: list[dict[str, Any]] = Field(description="name and choices, in the order asked")


class CaseStudyView(BaseModel):
    """A classic network that is a point of one of the search spaces."""

    name: str = Field(description="lower case with hyphens")
    family: str = Field(description="networks of one paper")
    year: int = Field(description="of publication")
    params: int = Field(description="trainable parameters at `input` and `num_classes`")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    input: InputShape = Field(description="shape of one image, (C, H, W)")
    num_classes: int = Field(description="classes of the network's head")
    spaces: list[str] = Field(description="search spaces that contain it")
    space_options: dict[str, Any] = Field(description="options under which they do")
    top1_error: float | None = Field(description="published top-1 error, in [0, 1]")
    source: str = Field(description="the paper")
    architecture: dict[str, Any] = Field(description="as POST /architectures/analyze takes it")

    @classmethod
    def of(cls, study: CaseStudy) -> CaseStudyView:
        """Describe a case study."""
        return cls(
            name=study.name,
            family=study.family,
            year=study.year,
            params=study.params,
            macs=study.macs,
            input=study.input_shape,
            num_classes=study.num_classes,
            spaces=[study.architecture.space],
            space_options=dict(study.space_options),
            top1_error=study.top1_error,
            source=study.source,
            architecture=study.architecture.model_dump(mode="json"),
        )


class SamplerView(BaseModel):
    """A sampler and its options."""

    name: str = Field(description="as a job names it")
    summary: str = Field(description="how it proposes")
    options: dict[str, Any] = Field(description="JSON schema of `sampler_options`")


class SchedulerView(BaseModel):
    """A scheduler and its options."""

    name: str = Field(description="as a job names it")
    summary: str = Field(description="what it stops")
    options: dict[str, Any] = Field(description="JSON schema of what stands beside `name`")


class BaselineView(BaseModel):
    """A baseline: a classifier without a search."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="as a job names it")
    summary: str = Field(description="what it is")


class ProxyView(BaseModel):
    """A zero-cost proxy."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="as a job names it")
    summary: str = Field(description="what it measures")
    source: str = Field(description="the paper")


class DatasetView(BaseModel):
    """A data set."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="as a job names it")
    summary: str = Field(description="what it shows")
    input_shape: InputShape = Field(description="shape of one image, (C, H, W)")
    class_names: tuple[str, ...] = Field(description="in the order of the network's outputs")
    train_size: int = Field(description="images")
    validation_size: int = Field(description="images, taken from those for training")
    test_size: int = Field(description="images, looked at once")
    source: str = Field(description="where it comes from")


class DatasetSourceView(BaseModel):
    """A kind of data set that is named by where it lies, with options after a question mark."""

    form: str = Field(description="KIND:LOCATION", examples=["folder:PATH"])
    summary: str = Field(description="what lies there")
    options: dict[str, Any] = Field(description="JSON schema of its options")


class DatasetContentsView(DatasetView):
    """A data set and what was found on reading it."""

    fingerprint: str
    streamed: bool = Field(description="read from disk while training, not held in memory")
    unreadable: int = Field(description="images left out because they could not be read")


def space_views() -> list[SpaceView]:
    """Describe every search space."""
    return [_space_view(create_space(name)) for name in sorted(spaces())]


def space_view(name: str) -> SpaceView:
    """Describe one search space; raises `NotFoundError`."""
    if name not in spaces():
        raise NotFoundError(f"no search space {name!r}; known: {', '.join(sorted(spaces()))}")
    return _space_view(create_space(name))


def _space_view(space: AnySpace) -> SpaceView:
    return SpaceView(
        name=space.name,
        summary=space.summary,
        size=space.size,
        log10_size=log10(space.size),
        options=space.options_type.model_json_schema(),
        decisions=[
            {"name": decision.name, "choices": list(decision.choices)}
            for decision in space.decisions
        ],
    )


def case_study_views() -> list[CaseStudyView]:
    """Describe every case study."""
    return [CaseStudyView.of(study) for study in case_studies().values()]


def case_study_view(name: str) -> CaseStudyView:
    """Describe one case study; raises `NotFoundError`."""
    study = case_studies().get(name)
    if study is None:
        raise NotFoundError(f"no case study {name!r}; GET /case-studies lists them")
    return CaseStudyView.of(study)


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


def scheduler_views() -> list[SchedulerView]:
    """Describe every scheduler."""
    return [
        SchedulerView(
            name=entry.name,
            summary=entry.summary,
            options=entry.options_type.model_json_schema(),
        )
        for entry in SCHEDULERS.values()
    ]


def baseline_views() -> list[BaselineView]:
    """Describe every baseline."""
    return [BaselineView.model_validate(entry) for entry in BASELINES.values()]


def proxy_views() -> list[ProxyView]:
    """Describe every zero-cost proxy."""
    return [ProxyView.model_validate(entry) for entry in PROXIES.values()]


def dataset_views() -> list[DatasetView]:
    """Describe every data set."""
    return [DatasetView.model_validate(dataset.info) for dataset in DATASETS.values()]


def dataset_source_views() -> list[DatasetSourceView]:
    """Describe every kind of data set that is named by where it lies."""
    return [
        DatasetSourceView(
            form=source.form,
            summary=source.summary,
            options=resolve_name(source.options_location).model_json_schema(),
        )
        for source in SOURCES.values()
    ]


def dataset_contents(name: str) -> DatasetContentsView:
    """Read a data set and describe what is in it.

    Raises:
        InvalidInputError: There is no such data set, or it cannot be read.
    """
    try:
        dataset = find_or_raise_dataset(name)
    except ValueError as error:
        raise InvalidInputError(f"data set: {error}") from error
    data = dataset.load()
    found = asdict(dataset.info) | {
        "train_size": len(data.train),
        "validation_size": len(data.validation),
        "test_size": len(data.test),
    }
    return DatasetContentsView(
        **found,
        fingerprint=data.fingerprint,
        streamed=isinstance(data, StreamedData),
        unreadable=data.unreadable,
    )
