"""A job's trials in pages: filtered and sorted by anything that is known of them.

A page begins after a position, not at an offset: what was added or has changed meanwhile neither
repeats a trial nor leaves one out, and the last page costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from nas.constraint import Constraint
from nas.database.trials import TrialRow
from nas.errors import InvalidInputError
from nas.metrics import METRICS
from nas.status import TrialStatus

_COLUMNS: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {
        name: getattr(TrialRow, name)
        for name in (
            "number",
            "reward",
            "budget",
            "epochs_done",
            "hypervolume",
            "started_at",
            "finished_at",
            "accuracy",
            "loss",
            "params",
            "macs",
            "train_seconds",
        )
    }
    | {
        name: TrialRow.figures_json[name].as_float()
        for name in METRICS
        if not hasattr(TrialRow, name)
    }
)
TRIAL_SORTS = tuple(_COLUMNS)
"""What trials can be sorted by."""

_OPERATORS = MappingProxyType({"<=": le, ">=": ge, "<": lt, ">": gt})

SortValue = float | datetime | None
Position = tuple[SortValue, int]
"""Where a page ends: the last trial's value of what is sorted by, and its number."""


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """What trials are sorted by; those that do not have it come last, equals by number."""

    name: str = "number"
    is_descending: bool = False

    @classmethod
    def parse(cls, text: str) -> TrialOrder:
        """Read `accuracy`, or `-accuracy` for descending; `metrics.` may stand before a metric."""
        name = text.removeprefix("-").removeprefix("metrics.")
        if name not in _COLUMNS:
            raise InvalidInputError(
                f"sort: got {text!r}, allowed: {', '.join(TRIAL_SORTS)}, with - before it for "
                "descending order"
            )
        return cls(name, text.startswith("-"))

    @property
    def column(self) -> ColumnElement[Any]:
        """What the database sorts by."""
        return _COLUMNS[self.name]

    def __str__(self) -> str:
        return f"-{self.name}" if self.is_descending else self.name


@dataclass(frozen=True, slots=True)
class TrialFilter:
    """Which trials are wanted; of several bounds all must hold."""

    statuses: tuple[TrialStatus, ...] = ()
    bounds: tuple[Constraint, ...] = ()

    def apply(self, query: Select[Any]) -> Select[Any]:
        """Narrow a query down."""
        if self.statuses:
            query = query.where(TrialRow.status.in_(self.statuses))
        for bound in self.bounds:
            query = query.where(_OPERATORS[bound.operator](_COLUMNS[bound.metric], bound.bound))
        return query


@dataclass(frozen=True, slots=True)
class TrialPageRows:
    """Trials of one page, and where the next one begins; None after the last."""

    rows: Sequence[TrialRow]
    end: Position | None


def read_trial_page(
    session: Session,
    job_id: str,
    *,
    order: TrialOrder,
    wanted: TrialFilter,
    after: Position | None,
    limit: int,
) -> TrialPageRows:
    """Read the trials that follow a position; one statement, or two where values run out."""
    found: list[tuple[TrialRow, SortValue]] = []
    for query in _queries(job_id, order, wanted, after):
        missing = limit + 1 - len(found)
        if missing:
            rows = session.execute(query.limit(missing))
            found += [(row[0], row[1]) for row in rows]
    page = found[:limit]
    end = (page[-1][1], page[-1][0].number) if len(found) > limit else None
    return TrialPageRows([row for row, _ in page], end)


def _queries(
    job_id: str, order: TrialOrder, wanted: TrialFilter, after: Position | None
) -> Iterator[Select[tuple[TrialRow, Any]]]:
    """Yield the query of those that have the value, and of those that have not."""
    column, number = order.column, TrialRow.number
    query = wanted.apply(select(TrialRow, column).where(TrialRow.job_id == job_id))
    if order.name == "number":
        if after is not None:
            query = query.where(number < after[1] if order.is_descending else number > after[1])
        yield query.order_by(number.desc() if order.is_descending else number)
        return
    valued = query.where(column.is_not(None))
    if after is None:
        yield _sorted(valued, order)
    elif after[0] is not None:
        beyond, least = (column < after[0], le) if order.is_descending else (column > after[0], ge)
        yield _sorted(valued.where(least(column, after[0]), beyond | (number > after[1])), order)
    without = query.where(column.is_(None)).order_by(number)
    is_within = after is not None and after[0] is None
    yield without.where(number > after[1]) if after and is_within else without


def _sorted(query: Select[tuple[TrialRow, Any]], order: TrialOrder) -> Select[tuple[TrialRow, Any]]:
    column = order.column
    return query.order_by(column.desc() if order.is_descending else column, TrialRow.number)
