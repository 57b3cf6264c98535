"""Where a search starts: case studies as answers to a space's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search_spaces import Choice, InvalidDecisionsError
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.registry import AnySpace


def options_that_hold(names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return options of a space with which it holds the case studies."""
    options: dict[str, Any] = {}
    for name in names:
        options |= find_or_raise_case_study(name).space_options
    return options


def choices_of(name: str, space: AnySpace) -> dict[str, Choice]:
    """Return a case study's answers; raises `ValueError` if it is no point of the space."""
    architecture = find_or_raise_case_study(name).architecture
    if architecture.space != space.name:
        raise ValueError(
            f"start_from: case study {name!r} is a point of space {architecture.space!r}, "
            f"not of {space.name!r}"
        )
    try:
        return space.choices(architecture)
    except InvalidDecisionsError as error:
        raise ValueError(
            f"start_from: case study {name!r} lies outside space_options: {error}"
        ) from error
