"""What a job in hand tells without asking the service."""

from __future__ import annotations

from nas.client.html import job_html
from nas.representations import JobView, TrialView
from nas.status import JobStatus


class HeldJob:
    """A job of the service: `view` is how it stood when last asked for.

    A notebook shows it as a table.
    """

    def __init__(self, view: JobView) -> None:
        self.view = view

    @property
    def id(self) -> str:
        """The job's id."""
        return self.view.id

    @property
    def status(self) -> JobStatus:
        """Where the job stood when last asked for."""
        return self.view.status

    @property
    def best(self) -> TrialView | None:
        """The best trial when last asked for."""
        return self.view.best

    def _repr_html_(self) -> str:
        return job_html(self.view)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.view.name!r} {self.status}>"
