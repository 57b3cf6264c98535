"""The first page: all jobs, and the chosen one's best-so-far curve and architecture, live."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from nicegui import run, ui

from api.access.ownership import principal_of
from api.dashboard.baselines import BaselinesPart
from api.dashboard.chart import best_so_far_options
from api.dashboard.drawing import BestDrawing
from api.dashboard.scaling import ScalingPart
from api.wording import percent
from nas.access import Principal
from nas.database import Database
from nas.database.jobs import list_jobs
from nas.database.trials import list_trials
from nas.errors import DatabaseUnavailableError
from nas.representations import JobView, TrialView

_REFRESH_SECONDS = 1.5
_JOBS_SHOWN = 100
_COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
    for name, label in (
        ("name", "Job"),
        ("status", "Status"),
        ("progress", "Trials"),
        ("best", "Best validation accuracy"),
        ("test", "Test accuracy"),
    )
]


def mount_dashboard(app: FastAPI, database: Database) -> None:
    """Serve the dashboard at `/` of the application."""

    @ui.page("/", title="Neural architecture search", dark=None)
    async def jobs_page(request: Request) -> None:
        await _JobsPage(database, principal_of(request)).refresh()

    ui.run_with(app, mount_path="/")


class _JobsPage:
    """One open page: a table of jobs, the chart of the chosen one and its best architecture."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database, self._principal = database, principal
        self._chosen: str | None = None
        with ui.header().classes("items-center"):
            ui.label("Neural architecture search").classes("text-lg font-medium")
        self._trouble = ui.label().classes("text-negative")
        self._empty = ui.label("No jobs yet. Start one with: nas search").classes(
            "text-grey q-pa-md"
        )
        self._table = ui.table(columns=_COLUMNS, rows=[], row_key="id").classes("w-full")
        self._table.on("rowClick", self._choose)
        self._chart = ui.echart(best_so_far_options("", [])).classes("w-full h-96")
        self._baselines = BaselinesPart(database)
        self._scaling = ScalingPart(database, principal)
        self._drawing = BestDrawing()
        ui.timer(_REFRESH_SECONDS, self.refresh)

    async def _choose(self, event: Any) -> None:
        self._chosen = event.args[1]["id"]
        await self.refresh()

    async def refresh(self) -> None:
        """Show what the database holds now."""
        try:
            seen = await run.io_bound(
                _look, self._database, self._principal.sees_owner, self._chosen
            )
        except DatabaseUnavailableError as error:
            self._trouble.set_text(str(error))
            return
        if seen is None:  # the server is shutting down
            return
        jobs, trials = seen
        self._trouble.set_text("")
        self._empty.set_visibility(not jobs)
        self._table.set_visibility(bool(jobs))
        self._chart.set_visibility(bool(jobs))
        self._table.rows = [_row(job) for job in jobs]
        self._table.update()
        shown = next((j for j in jobs if j.id == self._chosen), jobs[0] if jobs else None)
        await self._baselines.show(shown)
        self._scaling.show(shown)
        await self._drawing.show(None if shown is None else shown.best)
        if shown is not None:
            self._chart.options.clear()
            self._chart.options.update(best_so_far_options(shown.name, trials))
            self._chart.update()


def _look(
    database: Database, owner: str | None, chosen: str | None
) -> tuple[list[JobView], list[TrialView]]:
    """Read the jobs, of one owner or of all, and the trials of the chosen or else newest one."""
    with database.read() as session:
        rows = list_jobs(session, owner=owner, limit=_JOBS_SHOWN)
        jobs = JobView.of_many(session, rows)
        if not jobs:
            return [], []
        shown = chosen if any(job.id == chosen for job in jobs) else jobs[0].id
        return jobs, [TrialView.of(row) for row in list_trials(session, str(shown))]


def _row(job: JobView) -> dict[str, object]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status.value,
        "progress": f"{job.trials_done} of {job.trials}",
        "best": percent(job.best.metrics.accuracy if job.best else None),
        "test": percent(job.test_accuracy),
    }
