"""Printing: JSON for scripts, tables and words for people."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDTH_IN_FILES = 160

console = Console()
if not console.is_terminal and "COLUMNS" not in os.environ:
    console.width = _WIDTH_IN_FILES  # a pipe has no edge at which lines would have to break


def print_json(content: BaseModel | Sequence[BaseModel] | dict[str, Any] | list[Any]) -> None:
    """Print one JSON document to standard output."""
    if isinstance(content, BaseModel):
        plain: Any = content.model_dump(mode="json")
    elif isinstance(content, Sequence):
        plain = [c.model_dump(mode="json") if isinstance(c, BaseModel) else c for c in content]
    else:
        plain = content
    console.file.write(json.dumps(plain, indent=2) + "\n")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    empty: str,
    *,
    numbers: Collection[str] = (),
) -> None:
    """Print rows under their headings, or `empty` if there are none.

    The columns named in `numbers` are set flush right and never broken over lines.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        if column in numbers:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold")
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table if count else empty)


def byte_size(count: int) -> str:
    """Write bytes with a binary unit."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def local_time(moment: datetime | None) -> str:
    """Write a moment in the user's time zone, a dash if there is none."""
    return "–" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
