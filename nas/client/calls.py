"""The service's operations as values, which either client carries out.

What is sent and what comes back are the models that the service itself uses.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from nas.analysis_view import AnalysisRequest, AnalysisView
from nas.catalogue import (
    BaselineView,
    CaseStudyView,
    DatasetView,
    ProxyView,
    SamplerView,
    SchedulerView,
    SpaceView,
)
from nas.errors import InvalidInputError, ServerUnavailableError
from nas.job import JobSpec
from nas.pages import JobPage, JobQuery, MetricPage, TrialPage, TrialQuery
from nas.pareto.view import ParetoView
from nas.policy_view import PolicyHistory
from nas.representations import ArtifactView, JobView, TrialView
from nas.request_names import AS_STORED
from nas.trial_log import TrialLogView
from search_spaces.errors import first_problem

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound=BaseModel)
PageQueryT = TypeVar("PageQueryT", JobQuery, TrialQuery)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[bytes], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it once more does no harm when nobody knows whether it arrived."""
        return self.method in ("GET", "DELETE") or "Idempotency-Key" in self.headers


def submit(
    request: JobSpec | Mapping[str, Any] | None,
    fields: Mapping[str, Any],
    idempotency_key: str | None,
) -> Call[JobView]:
    """Submit a job; `fields` win over those of `request`.

    What it names is checked by the service, which may know more than is here.
    """
    stated = request.model_dump(mode="json") if isinstance(request, JobSpec) else request
    body = {**(stated or {}), **fields}
    headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
    return Call("POST", "/jobs", _one(JobView), body=body, headers=headers)


def job_page(query: JobQuery) -> Call[JobPage]:
    """List jobs, newest first."""
    return Call("GET", "/jobs", _one(JobPage), _sent(query))


def next_query(query: PageQueryT, page: JobPage | TrialPage) -> PageQueryT | None:
    """Return what to ask for after a page, None after the last."""
    cursor = page.next_cursor
    return query.model_copy(update={"cursor": cursor}) if cursor else None


def job(job_id: str) -> Call[JobView]:
    """Show a job."""
    return Call("GET", f"/jobs/{_segment(job_id)}", _one(JobView))


def job_action(job_id: str, action: str) -> Call[JobView]:
    """Stop, resume or retry a job."""
    return Call("POST", f"/jobs/{_segment(job_id)}/{action}", _one(JobView))


def retrain(job_id: str, seeds: int) -> Call[JobView]:
    """Have an ended job's winner retrained with more seeds."""
    path = f"/jobs/{_segment(job_id)}/retrain"
    return Call("POST", path, _one(JobView), body={"seeds": seeds})


def delete_job(job_id: str) -> Call[None]:
    """Delete a job."""
    return Call("DELETE", f"/jobs/{_segment(job_id)}", _nothing)


def trial_page(job_id: str, query: TrialQuery) -> Call[TrialPage]:
    """List a job's trials."""
    return Call("GET", f"/jobs/{_segment(job_id)}/trials", _one(TrialPage), _sent(query))


def best(job_id: str) -> Call[TrialView]:
    """Show a job's best trial."""
    return Call("GET", f"/jobs/{_segment(job_id)}/best", _one(TrialView))


def pareto(job_id: str, metrics: Sequence[str] | None) -> Call[ParetoView]:
    """Show a job's front."""
    params = {} if metrics is None else {"metrics": ",".join(metrics)}
    return Call("GET", f"/jobs/{_segment(job_id)}/pareto", _one(ParetoView), params)


def policy(job_id: str, after: int) -> Call[PolicyHistory]:
    """Show a job's policy over time."""
    path = f"/jobs/{_segment(job_id)}/policy"
    return Call("GET", path, _one(PolicyHistory), {"after": after})


def artifacts(job_id: str) -> Call[list[ArtifactView]]:
    """List a job's files."""
    return Call("GET", f"/jobs/{_segment(job_id)}/artifacts", _many(ArtifactView))


def export(job_id: str, format_: str, trial_id: str | None) -> Call[list[ArtifactView]]:
    """Export a job's winner or one of its trials."""
    body = {"format": format_, "trial_id": trial_id}

    def read(content: bytes) -> list[ArtifactView]:
        return [ArtifactView.model_validate(each) for each in json.loads(content)["artifacts"]]

    return Call("POST", f"/jobs/{_segment(job_id)}/export", read, body=body)


def trial(trial_id: str) -> Call[TrialView]:
    """Show a trial."""
    return Call("GET", f"/trials/{_segment(trial_id)}", _one(TrialView))


def retry_trial(trial_id: str) -> Call[TrialView]:
    """Try a failed trial again."""
    return Call("POST", f"/trials/{_segment(trial_id)}/retry", _one(TrialView))


def delete_trial(trial_id: str) -> Call[None]:
    """Delete a trial."""
    return Call("DELETE", f"/trials/{_segment(trial_id)}", _nothing)


def trial_metrics(trial_id: str) -> Call[MetricPage]:
    """List a trial's metrics by epoch."""
    return Call("GET", f"/trials/{_segment(trial_id)}/metrics", _one(MetricPage))


def log(trial_id: str, offset: int) -> Call[TrialLogView]:
    """Show a part of a trial's log."""
    path = f"/trials/{_segment(trial_id)}/log"
    return Call("GET", path, _one(TrialLogView), {"offset": offset})


def analyze(request: AnalysisRequest) -> Call[AnalysisView]:
    """Analyse an architecture."""
    body = request.model_dump(mode="json")
    return Call("POST", "/architectures/analyze", _one(AnalysisView), body=body)


def search_spaces() -> Call[list[SpaceView]]:
    """List the search spaces."""
    return Call("GET", "/search-spaces", _many(SpaceView))


def case_studies() -> Call[list[CaseStudyView]]:
    """List the classic networks."""
    return Call("GET", "/case-studies", _many(CaseStudyView))


def samplers() -> Call[list[SamplerView]]:
    """List the samplers."""
    return Call("GET", "/samplers", _many(SamplerView))


def schedulers() -> Call[list[SchedulerView]]:
    """List the schedulers."""
    return Call("GET", "/schedulers", _many(SchedulerView))


def proxies() -> Call[list[ProxyView]]:
    """List the zero-cost proxies."""
    return Call("GET", "/proxies", _many(ProxyView))


def datasets() -> Call[list[DatasetView]]:
    """List the data sets."""
    return Call("GET", "/datasets", _many(DatasetView))


def baselines() -> Call[list[BaselineView]]:
    """List the baselines."""
    return Call("GET", "/baselines", _many(BaselineView))


def query_of(kind: type[Q], values: Mapping[str, Any]) -> Q:
    """Make a query; raises `InvalidInputError` naming what is wrong, before anything is sent."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InvalidInputError(first_problem(error)) from error


def _sent(query: BaseModel) -> dict[str, Any]:
    return query.model_dump(mode="json", exclude_defaults=True)


def _segment(id_: str) -> str:
    return quote(id_, safe="")


def _one(kind: type[M]) -> Callable[[bytes], M]:
    def read(content: bytes) -> M:
        # Names in a job are the service's to know: a package of it need not be installed here.
        return _validated(lambda: kind.model_validate_json(content, context=AS_STORED))

    return read


def _many(kind: type[M]) -> Callable[[bytes], list[M]]:
    adapter = TypeAdapter(list[kind])  # type: ignore[valid-type]
    return lambda content: _validated(lambda: adapter.validate_json(content))


def _validated(read: Callable[[], T]) -> T:
    try:
        return read()
    except ValidationError as error:
        raise ServerUnavailableError(
            f"the service answered in another form than this version's: {first_problem(error)}"
        ) from error


def _nothing(_content: bytes) -> None:
    return None
