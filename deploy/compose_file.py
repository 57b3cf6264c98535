"""Reading docker-compose.yml: its services, with variables put in, in the order of their needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


class ComposeError(Exception):
    """Raised when a service cannot be started, ends early, or is not healthy in time."""


def read_services(file: Path, variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services with variables put in.

    Raises:
        ComposeError: A variable that the file demands is unset or empty.
    """

    def value(match: re.Match[str]) -> str:
        found = variables.get(match["name"], "")
        if found or match["kind"] is None:
            return found
        if match["kind"] == "?":
            raise ComposeError(f"{match['name']}: {match['rest']}")
        return match["rest"]

    services: dict[str, dict[str, Any]] = _mapped(yaml.safe_load(file.read_text()), value)[
        "services"
    ]
    return services


def _mapped(node: Any, value: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(node, str):
        return _VARIABLE.sub(value, node)
    if isinstance(node, list):
        return [_mapped(each, value) for each in node]
    if isinstance(node, dict):
        return {key: _mapped(each, value) for key, each in node.items()}
    return node


def of_profiles(
    services: Mapping[str, dict[str, Any]], profiles: frozenset[str]
) -> dict[str, dict[str, Any]]:
    """Return the services that belong to one of the profiles, or to none in particular."""
    return {
        name: service
        for name, service in services.items()
        if not service.get("profiles") or profiles & set(service["profiles"])
    }


def in_order(services: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the names, each after those that it depends on, and those that wait little first."""
    order: list[str] = []

    def add(name: str) -> None:
        for needed in services[name].get("depends_on", {}):
            add(needed)
        if name not in order:
            order.append(name)

    for name in sorted(services, key=lambda each: len(services[each].get("depends_on", {}))):
        add(name)
    return order
