"""The button that scales the chosen job's winner."""

from __future__ import annotations

from nicegui import run, ui

from nas.access import Principal
from nas.database import Database
from nas.database.jobs import create_job
from nas.errors import NasError
from nas.ids import utc_now
from nas.quotas import require_within_quota
from nas.representations import JobView
from nas.scaling.follow_up import FollowUpRequest, follow_up_spec
from search_spaces import SearchSpaceError

_REQUEST = FollowUpRequest(phis=(1, 2, 3))
"""A grid of coefficients, and the three smallest members of its best."""


class ScalingPart:
    """A part of the page; it is seen where the chosen job has ended with a winner."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database, self._principal = database, principal
        self._job_id = ""
        with ui.row().classes("w-full q-pa-md") as self._part:
            self._button = ui.button("Scale the winner", on_click=self._scale).props("outline")
            self._button.tooltip("Trains deeper, wider and higher-resolution versions in a new job")
        self._part.set_visibility(False)

    def show(self, job: JobView | None) -> None:
        """Offer to scale a job's winner, or nothing."""
        has_winner = job is not None and job.best is not None and not job.status.is_active
        self._part.set_visibility(has_winner and self._principal.may_write)
        self._job_id = job.id if job is not None else ""

    async def _scale(self) -> None:
        try:
            name = await run.io_bound(_submit, self._database, self._job_id, self._principal.key_id)
        except (NasError, SearchSpaceError) as error:
            ui.notify(str(error), type="negative")
            return
        ui.notify(f"Submitted: {name}", type="positive")


def _submit(database: Database, job_id: str, owner: str | None) -> str:
    with database.write() as session:
        spec = follow_up_spec(session, job_id, _REQUEST)
        require_within_quota(session, owner, new_trials=spec.trials)
        return create_job(session, spec, utc_now(), owner=owner).name
