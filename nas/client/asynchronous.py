"""The client whose answers are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from nas.analysis_view import AnalysisRequest, AnalysisView
from nas.catalogue import CaseStudyView, DatasetView, SamplerView, SpaceView
from nas.client import calls
from nas.client.answers import (
    ATTEMPTS,
    FIRST_PAUSE_SECONDS,
    connection_settings,
    raise_for_problem,
    seconds_to_wait,
    unreachable,
)
from nas.client.async_job import AsyncJob
from nas.client.calls import Call
from nas.client.sent_events import EventLines, read_job_event
from nas.errors import DatabaseUnavailableError, NasError
from nas.job import JobSpec
from nas.job_events import Event, EventName
from nas.pages import JobQuery, TrialQuery
from nas.representations import MetricView, TrialView
from nas.trial_log import LOG_LOOK_SECONDS, TrialLogView

T = TypeVar("T")


class AsyncClient:
    """The service at a URL.

    Errors are those of the service: `InvalidInputError`, `NotFoundError`, `ConflictError` and so
    on, and `ServerUnavailableError` where it cannot be reached. What does no harm when it is done
    twice is tried again; a submission has an `Idempotency-Key` of its own.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take URL and key as given, or else from NAS_API_URL and NAS_API_KEY.

        Raises:
            InvalidInputError: There is no URL, or it is none.
        """
        self._http = httpx.AsyncClient(transport=transport, **connection_settings(url, api_key))

    async def submit(
        self,
        request: JobSpec | Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> AsyncJob:
        """Submit a job: a `JobSpec`, its fields as a mapping, or as arguments; the latter win."""
        return AsyncJob(self, await self.send(calls.submit(request, fields, idempotency_key)))

    async def job(self, job_id: str) -> AsyncJob:
        """Return a job."""
        return AsyncJob(self, await self.send(calls.job(job_id)))

    async def jobs(self, **query: Any) -> AsyncIterator[AsyncJob]:
        """Yield jobs, newest first, page by page; takes the fields of `JobQuery`."""
        wanted: JobQuery | None = calls.query_of(JobQuery, query)
        while wanted is not None:
            page = await self.send(calls.job_page(wanted))
            for view in page.items:
                yield AsyncJob(self, view)
            wanted = calls.next_query(wanted, page)

    async def trials(self, job_id: str, **query: Any) -> AsyncIterator[TrialView]:
        """Yield a job's trials, page by page; takes the fields of `TrialQuery`."""
        wanted: TrialQuery | None = calls.query_of(TrialQuery, query)
        while wanted is not None:
            page = await self.send(calls.trial_page(job_id, wanted))
            for trial in page.items:
                yield trial
            wanted = calls.next_query(wanted, page)

    async def trial(self, trial_id: str) -> TrialView:
        """Return a trial."""
        return await self.send(calls.trial(trial_id))

    async def metrics(self, trial_id: str) -> list[MetricView]:
        """Return what a trial reported after each epoch."""
        return (await self.send(calls.trial_metrics(trial_id))).items

    async def retry_trial(self, trial_id: str) -> TrialView:
        """Put a failed trial back to pending, and queue its job."""
        return await self.send(calls.retry_trial(trial_id))

    async def delete_trial(self, trial_id: str) -> None:
        """Delete an ended trial for good."""
        await self.send(calls.delete_trial(trial_id))

    async def log(self, trial_id: str, *, follow: bool = False) -> AsyncIterator[TrialLogView]:
        """Yield what a trial printed and logged, part by part; the last part says how it stands.

        With `follow`, go on until the trial has ended.
        """
        offset = 0
        while True:
            part = await self.send(calls.log(trial_id, offset))
            yield part
            if part.is_complete or not (follow or part.text):
                return
            offset = part.next_offset
            if not part.text:
                await asyncio.sleep(LOG_LOOK_SECONDS)

    async def events(self, job_id: str, after: int = 0) -> AsyncIterator[Event]:
        """Yield a job's events that follow the one of id `after`, until the job is over.

        A connection that breaks is made anew, and goes on after the last event.
        """
        last, attempts = after, 0
        while True:
            lines = EventLines()
            path, params = f"/jobs/{job_id}/events", {"after": last}
            timeout = httpx.Timeout(60.0)  # the service says something at least every 15 s
            try:
                async with self._http.stream("GET", path, params=params, timeout=timeout) as answer:
                    if not answer.is_success:
                        await answer.aread()
                    raise_for_problem(answer)
                    async for line in answer.aiter_lines():
                        sent = lines.take(line)
                        event = None if sent is None else read_job_event(sent)
                        if event is None:
                            continue
                        last, attempts = event.id, 0
                        yield event
                        if event.name is EventName.END:
                            return
                return
            except (httpx.TransportError, DatabaseUnavailableError) as error:
                attempts += 1
                if attempts >= ATTEMPTS:
                    if isinstance(error, NasError):
                        raise
                    raise unreachable(self._http.base_url, error) from error
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempts)

    async def download(self, artifact_id: str, to: Path) -> Path:
        """Download a file to a path, whole or not at all; returns the path."""
        unfinished = to.with_name(f".{to.name}.part")
        try:
            async with self._http.stream("GET", f"/artifacts/{artifact_id}") as answer:
                if not answer.is_success:
                    await answer.aread()
                raise_for_problem(answer)
                with unfinished.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)
            unfinished.replace(to)
        except httpx.TransportError as error:
            raise unreachable(self._http.base_url, error) from error
        finally:
            unfinished.unlink(missing_ok=True)
        return to

    async def analyze(self, architecture: Mapping[str, Any], **options: Any) -> AnalysisView:
        """Analyse an architecture; takes the other fields of `AnalysisRequest` by name."""
        request = {"architecture": dict(architecture), **options}
        return await self.send(calls.analyze(calls.query_of(AnalysisRequest, request)))

    async def search_spaces(self) -> list[SpaceView]:
        """Return the search spaces."""
        return await self.send(calls.search_spaces())

    async def case_studies(self) -> list[CaseStudyView]:
        """Return the classic networks."""
        return await self.send(calls.case_studies())

    async def samplers(self) -> list[SamplerView]:
        """Return the samplers."""
        return await self.send(calls.samplers())

    async def datasets(self) -> list[DatasetView]:
        """Return the data sets that go by a name."""
        return await self.send(calls.datasets())

    async def send(self, call: Call[T]) -> T:
        """Carry out an operation of `nas.client.calls`."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._http.request(
                    call.method, call.path, params=call.params, json=call.body, headers=call.headers
                )
            except httpx.TransportError as error:
                if attempt == ATTEMPTS or not call.may_be_repeated:
                    raise unreachable(self._http.base_url, error) from error
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
                continue
            wait = seconds_to_wait(answer)
            if wait is None or attempt == ATTEMPTS:
                raise_for_problem(answer)
                return call.read(answer.content)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()
