"""A job of the service, as one holds it in hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from nas.client import calls
from nas.client.held_job import HeldJob
from nas.client.progress import following
from nas.job_events import Event
from nas.pareto.view import ParetoView
from nas.policy_view import PolicyHistory
from nas.representations import ArtifactView, JobView, TrialView

if TYPE_CHECKING:
    from nas.client.synchronous import Client


class Job(HeldJob):
    """A job of the service, and what can be asked of it or done with it."""

    def __init__(self, client: Client, view: JobView) -> None:
        super().__init__(view)
        self._client = client

    def refresh(self) -> Self:
        """Ask how the job stands."""
        self.view = self._client.send(calls.job(self.id))
        return self

    def wait(self, *, progress: bool = True) -> Self:
        """Wait until the job is completed, stopped or failed, with a progress bar if wanted."""
        with following(self.view, shown=progress) as bar:
            for event in self.events(after=self.view.last_event_id):
                bar.take(event)
        return self.refresh()

    def events(self, after: int = 0) -> Iterator[Event]:
        """Yield what happens, until the job is over; see `Client.events`."""
        return self._client.events(self.id, after)

    def trials(self, **query: Any) -> Iterator[TrialView]:
        """Yield the job's trials; takes the fields of `TrialQuery`."""
        return self._client.trials(self.id, **query)

    def pareto(self, metrics: Sequence[str] | None = None) -> ParetoView:
        """Return the job's front, in its objectives or in these metrics."""
        return self._client.send(calls.pareto(self.id, metrics))

    def policy(self, after: int = -1) -> PolicyHistory:
        """Return the job's policy over time."""
        return self._client.send(calls.policy(self.id, after))

    def artifacts(self) -> list[ArtifactView]:
        """Return the files that the job produced."""
        return self._client.send(calls.artifacts(self.id))

    def export(self, format_: str, trial_id: str | None = None) -> list[ArtifactView]:
        """Export the winner or one trial; returns the new files, the main one first."""
        return self._client.send(calls.export(self.id, format_, trial_id))

    def stop(self) -> Self:
        """Ask the job to stop."""
        return self._do("stop")

    def resume(self) -> Self:
        """Queue the job again."""
        return self._do("resume")

    def retry(self) -> Self:
        """Try the failed trials again."""
        return self._do("retry")

    def retrain(self, seeds: int) -> Self:
        """Queue the ended job, to have its winner tested with so many seeds in all."""
        self.view = self._client.send(calls.retrain(self.id, seeds))
        return self

    def delete(self) -> None:
        """Delete the job for good; it must not be active."""
        self._client.send(calls.delete_job(self.id))

    def _do(self, action: str) -> Self:
        self.view = self._client.send(calls.job_action(self.id, action))
        return self
