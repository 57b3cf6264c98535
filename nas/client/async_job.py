"""A job of the service, for who awaits its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from nas.client import calls
from nas.client.held_job import HeldJob
from nas.client.progress import following
from nas.job_events import Event
from nas.pareto.view import ParetoView
from nas.policy_view import PolicyHistory
from nas.representations import ArtifactView, JobView, TrialView

if TYPE_CHECKING:
    from nas.client.asynchronous import AsyncClient


class AsyncJob(HeldJob):
    """A job of the service, and what can be asked of it or done with it."""

    def __init__(self, client: AsyncClient, view: JobView) -> None:
        super().__init__(view)
        self._client = client

    async def refresh(self) -> Self:
        """Ask how the job stands."""
        self.view = await self._client.send(calls.job(self.id))
        return self

    async def wait(self, *, progress: bool = True) -> Self:
        """Wait until the job is completed, stopped or failed, with a progress bar if wanted."""
        with following(self.view, shown=progress) as bar:
            async for event in self.events(after=self.view.last_event_id):
                bar.take(event)
        return await self.refresh()

    def events(self, after: int = 0) -> AsyncIterator[Event]:
        """Yield what happens, until the job is over; see `AsyncClient.events`."""
        return self._client.events(self.id, after)

    def trials(self, **query: Any) -> AsyncIterator[TrialView]:
        """Yield the job's trials; takes the fields of `TrialQuery`."""
        return self._client.trials(self.id, **query)

    async def pareto(self, metrics: Sequence[str] | None = None) -> ParetoView:
        """Return the job's front, in its objectives or in these metrics."""
        return await self._client.send(calls.pareto(self.id, metrics))

    async def policy(self, after: int = -1) -> PolicyHistory:
        """Return the job's policy over time."""
        return await self._client.send(calls.policy(self.id, after))

    async def artifacts(self) -> list[ArtifactView]:
        """Return the files that the job produced."""
        return await self._client.send(calls.artifacts(self.id))

    async def export(self, format_: str, trial_id: str | None = None) -> list[ArtifactView]:
        """Export the winner or one trial; returns the new files, the main one first."""
        return await self._client.send(calls.export(self.id, format_, trial_id))

    async def stop(self) -> Self:
        """Ask the job to stop."""
        return await self._do("stop")

    async def resume(self) -> Self:
        """Queue the job again."""
        return await self._do("resume")

    async def retry(self) -> Self:
        """Try the failed trials again."""
        return await self._do("retry")

    async def retrain(self, seeds: int) -> Self:
        """Queue the ended job, to have its winner tested with so many seeds in all."""
        self.view = await self._client.send(calls.retrain(self.id, seeds))
        return self

    async def delete(self) -> None:
        """Delete the job for good; it must not be active."""
        await self._client.send(calls.delete_job(self.id))

    async def _do(self, action: str) -> Self:
        self.view = await self._client.send(calls.job_action(self.id, action))
        return self
