"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
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
from nas.client.calls import Call
from nas.client.job import Job
from nas.client.sent_events import EventLines, read_job_event
from nas.errors import DatabaseUnavailableError, NasError
from nas.job import JobSpec
from nas.job_events import Event, EventName
from nas.pages import JobQuery, TrialQuery
from nas.representations import MetricView, TrialView
from nas.trial_log import TrialLogView, log_parts

T = TypeVar("T")


class Client:
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Take URL and key as given, or else from NAS_API_URL and NAS_API_KEY.

        Raises:
            InvalidInputError: There is no URL, or it is none.
        """
        self._http = httpx.Client(transport=transport, **connection_settings(url, api_key))

    def submit(
        self,
        request: JobSpec | Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Submit a job: a `JobSpec`, its fields as a mapping, or as arguments; the latter win."""
        return Job(self, self.send(calls.submit(request, fields, idempotency_key)))

    def job(self, job_id: str) -> Job:
        """Return a job."""
        return Job(self, self.send(calls.job(job_id)))

    def jobs(self, **query: Any) -> Iterator[Job]:
        """Yield jobs, newest first, page by page; takes the fields of `JobQuery`."""
        wanted: JobQuery | None = calls.query_of(JobQuery, query)
        while wanted is not None:
            page = self.send(calls.job_page(wanted))
            yield from (Job(self, view) for view in page.items)
            wanted = calls.next_query(wanted, page)

    def trials(self, job_id: str, **query: Any) -> Iterator[TrialView]:
        """Yield a job's trials, page by page; takes the fields of `TrialQuery`."""
        wanted: TrialQuery | None = calls.query_of(TrialQuery, query)
        while wanted is not None:
            page = self.send(calls.trial_page(job_id, wanted))
            yield from page.items
            wanted = calls.next_query(wanted, page)

    def trial(self, trial_id: str) -> TrialView:
        """Return a trial."""
        return self.send(calls.trial(trial_id))

    def metrics(self, trial_id: str) -> list[MetricView]:
        """Return what a trial reported after each epoch."""
        return self.send(calls.trial_metrics(trial_id)).items

    def retry_trial(self, trial_id: str) -> TrialView:
        """Put a failed trial back to pending, and queue its job."""
        return self.send(calls.retry_trial(trial_id))

    def delete_trial(self, trial_id: str) -> None:
        """Delete an ended trial for good."""
        self.send(calls.delete_trial(trial_id))

    def log(self, trial_id: str, *, follow: bool = False) -> Iterator[TrialLogView]:
        """Yield what a trial printed and logged, part by part; the last part says how it stands.

        With `follow`, go on until the trial has ended.
        """
        return log_parts(lambda offset: self.send(calls.log(trial_id, offset)), follow=follow)

    def events(self, job_id: str, after: int = 0) -> Iterator[Event]:
        """Yield a job's events that follow the one of id `after`, until the job is over.

        A connection that breaks is made anew, and goes on after the last event.
        """
        last, attempts = after, 0
        while True:
            lines = EventLines()
            path, params = f"/jobs/{job_id}/events", {"after": last}
            timeout = httpx.Timeout(60.0)  # the service says something at least every 15 s
            try:
                with self._http.stream("GET", path, params=params, timeout=timeout) as answer:
                    if not answer.is_success:
                        answer.read()
                    raise_for_problem(answer)
                    for line in answer.iter_lines():
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
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempts)

    def download(self, artifact_id: str, to: Path) -> Path:
        """Download a file to a path, whole or not at all; returns the path."""
        unfinished = to.with_name(f".{to.name}.part")
        try:
            with self._http.stream("GET", f"/artifacts/{artifact_id}") as answer:
                if not answer.is_success:
                    answer.read()
                raise_for_problem(answer)
                with unfinished.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            unfinished.replace(to)
        except httpx.TransportError as error:
            raise unreachable(self._http.base_url, error) from error
        finally:
            unfinished.unlink(missing_ok=True)
        return to

    def analyze(self, architecture: Mapping[str, Any], **options: Any) -> AnalysisView:
        """Analyse an architecture; takes the other fields of `AnalysisRequest` by name."""
        request = {"architecture": dict(architecture), **options}
        return self.send(calls.analyze(calls.query_of(AnalysisRequest, request)))

    def search_spaces(self) -> list[SpaceView]:
        """Return the search spaces."""
        return self.send(calls.search_spaces())

    def case_studies(self) -> list[CaseStudyView]:
        """Return the classic networks."""
        return self.send(calls.case_studies())

    def samplers(self) -> list[SamplerView]:
        """Return the samplers."""
        return self.send(calls.samplers())

    def datasets(self) -> list[DatasetView]:
        """Return the data sets that go by a name."""
        return self.send(calls.datasets())

    def send(self, call: Call[T]) -> T:
        """Carry out an operation of `nas.client.calls`."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.request(
                    call.method, call.path, params=call.params, json=call.body, headers=call.headers
                )
            except httpx.TransportError as error:
                if attempt == ATTEMPTS or not call.may_be_repeated:
                    raise unreachable(self._http.base_url, error) from error
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
                continue
            wait = seconds_to_wait(answer)
            if wait is None or attempt == ATTEMPTS:
                raise_for_problem(answer)
                return call.read(answer.content)
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
