"""Tables of evaluated architectures."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nas.errors import InvalidInputError
from search_spaces import Choice, Choices, create_space
from search_spaces.decisions import answers_in_order
from search_spaces.registry import AnySpace, spaces

VALUE_COLUMN = "accuracy"


@dataclass(frozen=True, slots=True)
class Source:
    """The space whose decisions are a table's columns, and the options that make them so."""

    space: str
    options: Mapping[str, Any]


BUILT_IN: Mapping[str, Source] = MappingProxyType(
    {
        "nb201": Source("nasbench201", {}),
        "cells-digits": Source(
            "cell",
            {
                "blocks": 1,
                "repeats": 1,
                "filters": 4,
                "operations": ["conv_3x3", "separable_conv_3x3", "max_pool_3x3", "identity"],
            },
        ),
    }
)
"""The tables of this package, described in `tables/README.md`."""

Key = tuple[Choice | None, ...]
"""A row's answers in the order of the space's decisions, None where one does not arise."""


@dataclass(frozen=True)
class Table:
    """What each architecture of a space is worth."""

    name: str
    space: AnySpace
    values: Mapping[Key, float]

    @property
    def optimum(self) -> float:
        """The largest value."""
        return max(self.values.values())

    def key(self, choices: Choices) -> Key:
        """Return the key of the row with these answers."""
        return answers_in_order(self.space.decisions, choices)


def load_table(
    source: str, space: str | None = None, space_options: Mapping[str, Any] | None = None
) -> Table:
    """Read a table by its built-in name or from a CSV file, compressed by gzip or not.

    The space is the one whose decisions are the table's columns, under its default options
    unless others are given.

    Raises:
        InvalidInputError: There is no such file, it is no such table, or no space fits it.
    """
    if source in BUILT_IN and space is None:
        space, space_options = BUILT_IN[source].space, BUILT_IN[source].options
    header, rows = _read(source)
    if not header or header[-1] != VALUE_COLUMN:
        raise InvalidInputError(
            f"table {source}: the last column is {header[-1] if header else ''!r}, "
            f"allowed: decisions, then {VALUE_COLUMN!r}"
        )
    columns = header[:-1]
    found = _space_with(columns, source, space, space_options or {})
    position = [columns.index(decision.name) for decision in found.decisions]
    readers = [{str(choice): choice for choice in d.choices} for d in found.decisions]
    values: dict[Key, float] = {}
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise InvalidInputError(
                f"table {source}, line {line}: {len(row)} columns, allowed: {len(header)}"
            )
        key = tuple(
            _choice(source, line, decision.name, row[place], reader)
            for decision, place, reader in zip(found.decisions, position, readers, strict=True)
        )
        values[key] = _value(source, line, row[-1])
    if not values:
        raise InvalidInputError(f"table {source}: no rows, allowed: at least one architecture")
    return Table(Path(source).name.removesuffix(".gz").removesuffix(".csv"), found, values)


def _read(source: str) -> tuple[list[str], list[list[str]]]:
    if source in BUILT_IN:
        data = resources.files("nas.bench").joinpath(f"tables/{source}.csv.gz").read_bytes()
    else:
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise InvalidInputError(
                f"table: got {source!r}, allowed: {', '.join(BUILT_IN)} or a CSV file "
                f"({error.strerror or error})"
            ) from None
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
        lines = [row for row in csv.reader(io.StringIO(text)) if row]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(
            f"table {source}: {error}, allowed: CSV in UTF-8, compressed by gzip or not"
        ) from None
    return (lines[0], lines[1:]) if lines else ([], [])


def _space_with(
    columns: list[str], source: str, name: str | None, options: Mapping[str, Any]
) -> AnySpace:
    names = tuple(spaces()) if name is None else (name,)
    for each in names:
        space = create_space(each, options if name is not None else {})
        if {decision.name for decision in space.decisions} == set(columns):
            return space
    raise InvalidInputError(
        f"table {source}: columns {', '.join(columns)} are not the decisions of "
        f"{'any space' if name is None else f'space {name!r}'}, looked at: {', '.join(names)}"
    )


def _choice(
    source: str, line: int, column: str, text: str, reader: Mapping[str, Choice]
) -> Choice | None:
    if text == "":
        return None
    if text not in reader:
        raise InvalidInputError(
            f"table {source}, line {line}: {column} is {text!r}, allowed: {', '.join(reader)}"
        )
    return reader[text]


def _value(source: str, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInputError(
            f"table {source}, line {line}: {VALUE_COLUMN} is {text!r}, allowed: a number"
        )
    return value
