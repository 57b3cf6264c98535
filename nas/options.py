"""Options of what a job names: each sampler, scheduler and evaluator has a type of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from search_spaces.errors import first_problem

T = TypeVar("T", bound=BaseModel)


def validated_options(options_type: type[T], options: Mapping[str, Any], owner: str) -> T:
    """Read options; raises `ValueError` naming their owner and the option at fault."""
    try:
        return options_type.model_validate(dict(options))
    except ValidationError as error:
        raise ValueError(f"of {owner}: {first_problem(error)}") from error
