"""Writing constructor calls as a person would: no defaults, shorthands, loops over like ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from search_spaces.stages.plan import Call

_SHORTEST_LOOP = 4
"""Fewer like calls are written one by one."""

_FEWEST_SHARING = 3
"""As many calls of a class have a shorthand for the arguments that they share."""


class CallWriter:
    """Writes the calls of one network; `shared` has the arguments that all of a class share."""

    def __init__(self, calls: Iterable[Call]) -> None:
        by_module: dict[str, list[Call]] = {}
        for call in calls:
            by_module.setdefault(_name(call), []).append(call)
        found = {name: _shared(each) for name, each in by_module.items() if _may_share(each)}
        self.shared = {name: arguments for name, arguments in found.items() if arguments}

    def shorthands(self) -> str:
        """Write a line for each class whose calls share arguments."""
        return "".join(
            f"{_shorthand(name)} = partial({name}, {_keywords(arguments)})\n"
            for name, arguments in self.shared.items()
        )

    def sequential(self, calls: Sequence[Call]) -> str:
        """Write `nn.Sequential` of the calls; several stand on lines of their own."""
        rows = list(self._rows(calls))
        return f"nn.Sequential({', '.join(rows)}{',' if len(rows) > 1 else ''})"

    def call(self, call: Call, variable: str | None = None) -> str:
        """Write a call; the argument `variable` is written as its name."""
        parameters = inspect.signature(call.module).parameters
        shared = self.shared.get(_name(call), {})
        positional = list(zip(parameters, call.positional, strict=False))
        while positional and _is_default(call, *positional[-1]) and positional[-1][0] != variable:
            positional.pop()
        named = {
            name: value
            for name, value in call.named.items()
            if name == variable or not (name in shared or _is_default(call, name, value))
        }
        texts = [name if name == variable else repr(value) for name, value in positional]
        texts += [_keywords({name: value}, variable) for name, value in named.items()]
        name = _shorthand(_name(call)) if shared else _name(call)
        return f"{name}({', '.join(texts)})"

    def _rows(self, calls: Sequence[Call]) -> Iterator[str]:
        start = 0
        while start < len(calls):
            end = start + 1
            while end < len(calls) and _is_regular(calls[start : end + 1]):
                end += 1
            if end - start < _SHORTEST_LOOP:
                end = start + 1
                yield self.call(calls[start])
            else:
                yield f"*({self._loop(calls[start:end])})"
            start = end

    def _loop(self, calls: Sequence[Call]) -> str:
        changing = _changing([_arguments(call) for call in calls])
        if not changing:
            return f"{self.call(calls[0])} for _ in range({len(calls)})"
        [(name, values)] = changing.items()
        if isinstance(values[0], int):
            step = values[1] - values[0]
            looped = f"range({values[0]}, {values[-1] + step}, {step})"
        else:
            looped = repr(tuple(values))
        return f"{self.call(calls[0], name)} for {name} in {looped}"


def _is_regular(calls: Sequence[Call]) -> bool:
    """Tell whether calls are equal but for at most one argument, which grows as in a loop."""
    arguments = [_arguments(call) for call in calls]
    if any(call.module is not calls[0].module for call in calls):
        return False
    if any(each.keys() != arguments[0].keys() for each in arguments):
        return False
    changing = _changing(arguments)
    return len(changing) <= 1 and all(map(_grows, changing.values()))


def _changing(arguments: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return each argument that is not the same everywhere, with its values in order."""
    values = {name: [each[name] for each in arguments] for name in arguments[0]}
    return {name: each for name, each in values.items() if any(v != each[0] for v in each)}


def _grows(values: Sequence[Any]) -> bool:
    """Tell whether whole numbers grow by equal steps, or other numbers by any."""
    if all(isinstance(value, int) for value in values):
        steps = {after - before for before, after in pairwise(values)}
        return len(steps) == 1 and min(steps) > 0
    are_numbers = all(isinstance(value, float) for value in values)
    return are_numbers and all(after > before for before, after in pairwise(values))


def _may_share(calls: Sequence[Call]) -> bool:
    return len(calls) >= _FEWEST_SHARING and not calls[0].is_of_torch


def _shared(calls: Sequence[Call]) -> dict[str, Any]:
    """Return the named arguments, not at their defaults, that all calls have alike."""
    return {
        name: value
        for name, value in calls[0].named.items()
        if not _is_default(calls[0], name, value)
        and all(name in call.named and call.named[name] == value for call in calls)
    }


def _keywords(arguments: Mapping[str, Any], variable: str | None = None) -> str:
    return ", ".join(
        f"{name}={name if name == variable else repr(value)}" for name, value in arguments.items()
    )


def _arguments(call: Call) -> dict[str, Any]:
    parameters = inspect.signature(call.module).parameters
    return {**dict(zip(parameters, call.positional, strict=False)), **call.named}


def _is_default(call: Call, name: str, value: Any) -> bool:
    return bool(inspect.signature(call.module).parameters[name].default == value)


def _name(call: Call) -> str:
    return f"nn.{call.module.__name__}" if call.is_of_torch else call.module.__name__


def _shorthand(name: str) -> str:
    """Return `name` in lower case with underscores: `mb_conv` for `MBConv`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
