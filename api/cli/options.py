"""Options that are given as NAME=VALUE, or as names with commas between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nas.errors import InvalidInputError


def split_names(texts: Sequence[str] | None) -> list[str]:
    """Read names given with commas between them, or by repeating the option."""
    return [name.strip() for text in texts or [] for name in text.split(",")]


def parse_texts(option: str, pairs: Sequence[str] | None) -> dict[str, str]:
    """Read NAME=VALUE pairs."""
    parsed: dict[str, str] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise InvalidInputError(f"{option}: got {pair!r}, allowed: NAME=VALUE")
        parsed[name] = value
    return parsed


def parse_options(option: str, pairs: Sequence[str] | None) -> dict[str, Any]:
    """Read NAME=VALUE pairs; a value that is JSON is taken as such, any other as text."""
    parsed: dict[str, Any] = {}
    for name, value in parse_texts(option, pairs).items():
        try:
            parsed[name] = json.loads(value)
        except ValueError:
            parsed[name] = value
    return parsed
