"""The baselines of the chosen job: their figures, and what a linear classifier has learned."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import run, ui

from api.wording import lead, percent
from nas.baselines import BaselineResult
from nas.database import Database
from nas.database.baselines import list_pictures
from nas.errors import DatabaseUnavailableError
from nas.representations import JobView

_COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
    for name, label in (
        ("name", "Baseline"),
        ("validation", "Validation accuracy"),
        ("lead", "Lead of the search's best"),
        ("test", "Test accuracy"),
    )
]


class BaselinesPart:
    """A part of the page; it is seen where the chosen job has baselines."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shown: dict[str, str] = {}
        with ui.column().classes("w-full q-pa-md") as self._part:
            ui.label("Baselines").classes("text-base font-medium")
            self._table = ui.table(columns=_COLUMNS, rows=[], row_key="name").classes("w-full")
            self._pictures = ui.row()
        self._part.set_visibility(False)

    async def show(self, job: JobView | None) -> None:
        """Show a job's baselines, or nothing."""
        self._part.set_visibility(job is not None and bool(job.baselines))
        if job is None or not job.baselines:
            return
        best = job.best.metrics.accuracy if job.best else None
        self._table.rows = [baseline_row(result, best) for result in job.baselines]
        self._table.update()
        try:
            pictures = await run.io_bound(_pictures_of, self._database, job.id)
        except DatabaseUnavailableError:  # the page says so when it looks again
            return
        if pictures is not None and pictures != self._shown:
            self._shown = pictures
            self._draw(pictures)

    def _draw(self, pictures: Mapping[str, str]) -> None:
        """Show each picture under its baseline's name."""
        self._pictures.clear()
        with self._pictures:
            for name, address in pictures.items():
                with ui.column().classes("gap-1"):
                    ui.label(f"{name}: template of each class, bright speaks for it")
                    ui.image(address).classes("w-80").props(f'alt="templates of {name}"')


def baseline_row(result: BaselineResult, best: float | None) -> dict[str, object]:
    """Write a baseline as a row of the table; `best` is the search's validation accuracy."""
    return {
        "name": result.name,
        "validation": result.error or percent(result.validation_accuracy),
        "lead": lead(best, result.validation_accuracy),
        "test": percent(result.test_accuracy),
    }


def _pictures_of(database: Database, job_id: str) -> dict[str, str]:
    """Return the addresses of a job's pictures by baseline."""
    with database.read() as session:
        return {
            str(row.details.get("baseline", "")): f"/api/v1/artifacts/{row.id}"
            for row in list_pictures(session, job_id)
        }
