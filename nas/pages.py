"""Pages of jobs and trials: what may be asked for, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from sqlalchemy.orm import Session

from nas.constraint import Constraint
from nas.cursor import no_cursor, read_cursor, read_id_cursor, write_cursor
from nas.database.jobs import find_or_raise_job, list_jobs
from nas.database.trial_pages import (
    TRIAL_SORTS,
    Position,
    SortValue,
    TrialFilter,
    TrialOrder,
    read_trial_page,
)
from nas.errors import InvalidInputError
from nas.metrics import METRICS
from nas.representations import JobView, MetricView, TrialView
from nas.status import JobStatus, TrialStatus

LARGEST_PAGE = 200
_LARGEST_NUMBER = 2**63

Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="rows per page")]
Cursor = Annotated[
    str | None,
    Field(description="`next_cursor` of the page before, in the same order; none: the first page"),
]
NextCursor = Annotated[
    str | None, Field(description="pass as `cursor` for the next page; null: this is the last")
]


def _readable_order(text: str) -> str:
    try:
        return str(TrialOrder.parse(text))
    except InvalidInputError as error:
        raise ValueError(str(error).removeprefix("sort: ")) from None


def _readable_bound(text: str) -> str:
    return str(Constraint.parse(text))


_SORT_PATTERN = rf"^-?({'|'.join(TRIAL_SORTS)})$"
_BOUND_PATTERN = rf"^({'|'.join(METRICS)})(<=|>=|<|>)-?[0-9]{{1,15}}(\.[0-9]{{1,15}})?$"
Order = Annotated[
    str,
    AfterValidator(_readable_order),
    WithJsonSchema({"type": "string", "pattern": _SORT_PATTERN}),
]
Bound = Annotated[
    str,
    AfterValidator(_readable_bound),
    WithJsonSchema({"type": "string", "pattern": _BOUND_PATTERN}),
]


class JobQuery(BaseModel):
    """Which jobs are wanted."""

    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field([], max_length=8, description="any of these; default: all")
    cursor: Cursor = None
    limit: Limit = 50


class TrialQuery(BaseModel):
    """Which of a job's trials are wanted, and in which order."""

    model_config = ConfigDict(extra="forbid")

    status: list[TrialStatus] = Field([], max_length=8, description="any of these; default: all")
    where: list[Bound] = Field(
        [],
        max_length=16,
        description="bounds on metrics that must all hold, as METRIC OPERATOR NUMBER; metrics: "
        f"{', '.join(METRICS)}; operators: <= >= < >",
        examples=[["accuracy>=0.9", "params<=1e5"]],
    )
    sort: Order = Field(
        "number",
        description=f"one of {', '.join(TRIAL_SORTS)}; with - before it the largest come first; "
        "trials that do not have it come last, equals by number",
        examples=["-accuracy"],
    )
    cursor: Cursor = None
    limit: Limit = 50


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[JobView] = Field(description="newest first")
    next_cursor: NextCursor


class TrialPage(BaseModel):
    """Trials of a job, in the order asked for."""

    items: list[TrialView] = Field(description="in the order asked for")
    next_cursor: NextCursor


class MetricPage(BaseModel):
    """A trial's metrics by epoch."""

    items: list[MetricView] = Field(description="by epoch")


def job_page(session: Session, query: JobQuery, owner: str | None = None) -> JobPage:
    """Read a page of jobs, of one owner or of all.

    Raises:
        InvalidInputError: The cursor is none.
    """
    before = read_id_cursor(query.cursor, "jobs") if query.cursor else None
    rows = list_jobs(
        session, statuses=query.status, owner=owner, before=before, limit=query.limit + 1
    )
    shown = rows[: query.limit]
    is_last = len(rows) <= query.limit
    return JobPage(
        items=JobView.of_many(session, shown),
        next_cursor=None if is_last else write_cursor("jobs", shown[-1].id),
    )


def trial_page(session: Session, job_id: str, query: TrialQuery) -> TrialPage:
    """Read a page of a job's trials.

    Raises:
        NotFoundError: There is no such job.
        InvalidInputError: The cursor is none, or of another order.
    """
    find_or_raise_job(session, job_id)
    order = TrialOrder.parse(query.sort)
    listing = f"trials {order}"
    page = read_trial_page(
        session,
        job_id,
        order=order,
        wanted=TrialFilter(
            tuple(query.status), tuple(Constraint.parse(text) for text in query.where)
        ),
        after=_trial_position(query.cursor, listing) if query.cursor else None,
        limit=query.limit,
    )
    return TrialPage(
        items=[TrialView.of(row) for row in page.rows],
        next_cursor=None
        if page.end is None
        else write_cursor(listing, _plain(page.end[0]), page.end[1]),
    )


def _trial_position(cursor: str, listing: str) -> Position:
    value, number = read_cursor(cursor, listing, 2)
    if not isinstance(number, int) or not 0 <= number < _LARGEST_NUMBER:
        raise no_cursor(cursor)
    return _sort_value(cursor, value, is_moment=listing.endswith("_at")), number


def _sort_value(cursor: str, value: Any, *, is_moment: bool) -> SortValue:
    if value is None:
        return None
    if is_moment and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise no_cursor(cursor) from None
        if moment.tzinfo is not None:
            return moment
    elif isinstance(value, int | float) and abs(value) < _LARGEST_NUMBER and not is_moment:
        return value
    raise no_cursor(cursor)


def _plain(value: SortValue) -> float | str | None:
    return value.isoformat() if isinstance(value, datetime) else value
