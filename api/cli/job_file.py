"""A job from a file with the command line's options over it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import typer

from nas.job_file import read_job_file

_FIELD_OF_OPTION = {
    "evaluator_option": "evaluator_options",
    "screen_option": "screen",
    "constraint": "constraints",
    "cpus_per_trial": "resources",
    "gpus_per_trial": "resources",
    "epoch_timeout": "resources",
    "hyperparameter": "hyperparameters",
    "max_concurrent": "resources",
    "recipe_option": "recipe",
    "sampler_option": "sampler_options",
    "scheduler_option": "scheduler",
    "space_option": "space_options",
    "workers_per_trial": "resources",
}
"""The field of a job that an option sets, where they are not called the same."""

_OPTIONS_OF = {
    "evaluator": "evaluator_options",
    "sampler": "sampler_options",
    "space": "space_options",
}
"""Fields that mean nothing once another name stands in the field that they belong to."""


def request_with_file(
    context: typer.Context, path: Path | None, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the request with a job file's fields in place of what no option was given for."""
    if path is None:
        return dict(request)
    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    return override(read_job_file(path), request, given)


def override(
    file: Mapping[str, Any], request: Mapping[str, Any], given: Collection[str]
) -> dict[str, Any]:
    """Put the fields that options were given for over a file's, option by option within a field.

    `request` has all fields of the command line, given or by default.
    """
    merged = {**request, **file}
    for name, options in _OPTIONS_OF.items():
        if name in given and request[name] != file.get(name):
            merged[options] = {}
    for option in given:
        field = _FIELD_OF_OPTION.get(option, option)
        if field not in request:  # it says where and how to run, and not what
            continue
        over, below = request[field], merged.get(field)
        is_named_anew = field == "scheduler" and "scheduler" in given
        if isinstance(over, dict) and isinstance(below, dict) and not is_named_anew:
            over = {**below, **over}
        merged[field] = over
    return merged
