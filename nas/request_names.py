"""Names in a request: looked up when it is submitted, and no more once it was accepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema

AS_STORED = {"as_stored": True}
"""Validation context of a request that was accepted once, maybe with packages now gone."""


def is_stored(info: ValidationInfo) -> bool:
    """Tell whether what is validated was accepted once."""
    return info.context == AS_STORED


def _of_one_line(text: str, info: ValidationInfo) -> str:
    if not is_stored(info) and _CONTROL.search(text):
        raise ValueError(f"got {text[:80]!r}, allowed: a line without control characters")
    return text


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Label = Annotated[
    str,
    AfterValidator(_of_one_line),
    WithJsonSchema({"type": "string", "pattern": r"^[^\x00-\x1f\x7f]*$"}),
]
"""A name of the user's choice; what is in it is nowhere taken for anything else."""


def known(find_or_raise: Callable[[str], object]) -> AfterValidator:
    """Check a name of a request by looking it up."""

    def check(name: str, info: ValidationInfo) -> str:
        if not is_stored(info):
            find_or_raise(name)
        return name

    return AfterValidator(check)


def known_and_different(find_or_raise: Callable[[str], object]) -> AfterValidator:
    """Check names of a request by looking them up, and leave out those given before."""

    def check(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not is_stored(info):
            for name in names:
                find_or_raise(name)
        return tuple(dict.fromkeys(names))

    return AfterValidator(check)
