"""Every operation by name: ours, and those that other packages add to the cell space.

A package adds an operation by the entry point `nas.operations`, whose name is the operation's and
whose value is an `Operation`. It may be named in `CellOptions.operations`; it is not chosen unless
it is, so that an installation does not change what a search looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import get_args

from search_spaces.cell.operations import NONE, OPERATION_NAMES, OPERATIONS, Argument, Operation
from search_spaces.entry_points import Extensions, load_extensions
from search_spaces.errors import UnknownOperationError, shown

ENTRY_POINT_GROUP = "nas.operations"


@cache
def operations() -> Mapping[str, Operation]:
    """Return all operations by name, ours first."""
    return {**OPERATIONS, **_extensions().found}


def find_or_raise_operation(name: str) -> Operation:
    """Return the operation called `name`; raises `UnknownOperationError`."""
    try:
        return operations()[name]
    except KeyError:
        raise UnknownOperationError(
            f"no operation {name!r}, allowed: {', '.join((*operations(), NONE))}"
            f"{_extensions().refusal(name)}"
        ) from None


@cache
def _extensions() -> Extensions[Operation]:
    return load_extensions(ENTRY_POINT_GROUP, _usable_operation, taken=OPERATION_NAMES)


def _usable_operation(name: str, loaded: object) -> Operation:
    """Return what an entry point loaded if it can be used; raises `ValueError` if not."""
    if not isinstance(loaded, Operation):
        raise ValueError(f"got {shown(loaded)}, allowed: an Operation")
    if loaded.name != name:
        raise ValueError(f"its Operation.name is {loaded.name!r}, allowed: {name!r}")
    module, colon, class_name = loaded.block.partition(":")
    if not (colon and class_name.isidentifier() and find_spec(module)):
        raise ValueError(
            f"its Operation.block is {loaded.block!r}, allowed: MODULE:CLASS, the module existing"
        )
    for key, value in loaded.arguments.items():
        if not (key.isidentifier() and isinstance(value, get_args(Argument))):
            raise ValueError(
                f"its argument {key}={shown(value)}, allowed: names with a number, text or flag"
            )
    return loaded
