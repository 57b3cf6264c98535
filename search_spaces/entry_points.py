"""What other installed packages add to ours: search spaces and operations, by entry point.

A package that is broken must not take the service with it. What cannot be used is left out with
a warning that names its package, and whoever asks for it by name is told the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Extensions(Generic[T]):
    """What was found in one group: values by name, and why others are refused, by name."""

    found: Mapping[str, T]
    refused: Mapping[str, str]

    def refusal(self, name: str) -> str:
        """Say why `name` is refused, to end a message with; empty if it is not."""
        return f"; {self.refused[name]}" if name in self.refused else ""


def load_extensions(
    group: str, check: Callable[[str, Any], T], taken: Collection[str]
) -> Extensions[T]:
    """Load every entry point of `group`, each under its own name.

    `check(name, loaded)` returns the value to offer, or raises an error whose text says what is
    wrong with it. Names in `taken` are ours and cannot be replaced.
    """
    found: dict[str, T] = {}
    refused: dict[str, str] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, _package(entry))):
        try:
            if entry.name in taken:
                raise ValueError(f"the name {entry.name!r} is one of ours, choose another")
            if entry.name in found:
                raise ValueError(f"another package offers {entry.name!r} too, uninstall one")
            found[entry.name] = check(entry.name, entry.load())
        except (Exception, SystemExit) as error:
            reason = f"entry point {entry.name!r} ({group}) of package {_package(entry)!r} is "
            reason += f"left out: {_text(error)}"
            refused[entry.name] = reason
            _LOG.warning("%s", reason)
    return Extensions(found, refused)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "unknown"


def _text(error: BaseException) -> str:
    """Word an error in one line; our own `ValueError`s need no type in front."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"
