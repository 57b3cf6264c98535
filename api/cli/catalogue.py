"""What there is to choose from: spaces, samplers, schedulers, proxies, data sets and others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import JsonOption
from api.cli.output import print_json, print_table
from nas.catalogue import (
    DatasetContentsView,
    SpaceView,
    baseline_views,
    case_study_views,
    dataset_contents,
    dataset_source_views,
    dataset_views,
    proxy_views,
    sampler_views,
    scheduler_views,
    space_views,
)
from nas.datasets.location import absolute

_LONGEST_COUNT = 10**9
"""Sizes from here on are written as powers of ten."""


def spaces_command(as_json: JsonOption = False) -> None:
    """List the search spaces and their options."""
    views = space_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("space", "architectures", "what it holds", "options"),
        [(v.name, _count(v), v.summary, _options(v.options)) for v in views],
        "no spaces",
        numbers=("architectures",),
    )


def _count(space: SpaceView) -> str:
    if space.size < _LONGEST_COUNT:
        return f"{space.size:,}"
    return f"10^{space.log10_size:.1f}"


def case_studies_command(as_json: JsonOption = False) -> None:
    """List the classic networks with their size and the space that holds them."""
    views = case_study_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("case study", "year", "parameters", "MACs", "input", "classes", "space"),
        [
            (
                v.name,
                v.year,
                f"{v.params:,}",
                f"{v.macs:,}",
                "x".join(map(str, v.input)),
                v.num_classes,
                ", ".join(v.spaces),
            )
            for v in views
        ],
        "no case studies",
        numbers=("parameters", "MACs"),
    )


def samplers_command(as_json: JsonOption = False) -> None:
    """List the samplers and their options."""
    views = sampler_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("sampler", "what it does", "options"),
        [(v.name, v.summary, _options(v.options)) for v in views],
        "no samplers",
    )


def proxies_command(as_json: JsonOption = False) -> None:
    """List the zero-cost proxies."""
    views = proxy_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("proxy", "what it measures", "source"),
        [(v.name, v.summary, v.source) for v in views],
        "no proxies",
    )


def schedulers_command(as_json: JsonOption = False) -> None:
    """List the schedulers and their options."""
    views = scheduler_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("scheduler", "what it does", "options"),
        [(v.name, v.summary, _options(v.options)) for v in views],
        "no schedulers",
    )


def datasets_command(
    name: Annotated[
        str | None, typer.Argument(help="Read this one and show what is in it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the data sets and the ways to name your own, or look into one."""
    if name is not None:
        _show_dataset(dataset_contents(absolute(name, Path.cwd())), as_json)
        return
    views = dataset_views()
    if as_json:
        print_json(views)
        return
    print_table(
        ("data set", "what it is", "input", "classes", "train / validation / test"),
        [
            (
                v.name,
                v.summary,
                "x".join(map(str, v.input_shape)),
                len(v.class_names),
                f"{v.train_size} / {v.validation_size} / {v.test_size}",
            )
            for v in views
        ],
        "no data sets",
    )
    print_table(
        ("your own", "what it is", "options, as ?size=64&test=0.1"),
        [(v.form, v.summary, _options(v.options)) for v in dataset_source_views()],
        "no kinds of data sets",
    )


def _show_dataset(view: DatasetContentsView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    print_table(
        ("data set", "input", "classes", "train / validation / test", "unreadable", "held"),
        [
            (
                view.name,
                "x".join(map(str, view.input_shape)),
                len(view.class_names),
                f"{view.train_size} / {view.validation_size} / {view.test_size}",
                view.unreadable,
                "on disk" if view.streamed else "in memory",
            )
        ],
        "no data set",
    )


def baselines_command(as_json: JsonOption = False) -> None:
    """List the baselines."""
    views = baseline_views()
    if as_json:
        print_json(views)
        return
    print_table(("baseline", "what it is"), [(v.name, v.summary) for v in views], "no baselines")


def _options(schema: dict[str, object]) -> str:
    properties = schema.get("properties")
    return ", ".join(properties) if isinstance(properties, dict) else ""
