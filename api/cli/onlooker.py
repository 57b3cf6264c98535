"""Looking at jobs, in the database or at the service that NAS_API_URL names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from api.cli.context import opened
from nas.artifacts import open_store
from nas.client import Client
from nas.database import Database
from nas.database.jobs import find_or_raise_job, list_jobs, request_stop
from nas.database.trials import list_trials
from nas.deletion import delete_job, delete_trial
from nas.errors import NotFoundError
from nas.ids import utc_now
from nas.job import JobSpec
from nas.pages import LARGEST_PAGE
from nas.pareto.view import ParetoView, pareto_view
from nas.policy_view import PolicyHistory
from nas.representations import JobView, TrialView
from nas.settings import Settings, load_settings
from nas.trial_log import TrialLogView, log_parts


class Onlooker(Protocol):
    """What commands ask for; each method raises the errors of `nas.errors`."""

    def jobs(self) -> list[JobView]:
        """Return all jobs, newest first."""

    def job(self, job_id: str) -> JobView:
        """Return a job."""

    def spec(self, job_id: str) -> JobSpec:
        """Return a job as it was stated."""

    def trials(self, job_id: str) -> list[TrialView]:
        """Return a job's trials by number."""

    def pareto(self, job_id: str, metrics: Sequence[str] | None) -> ParetoView:
        """Return a job's front."""

    def policy(self, job_id: str) -> PolicyHistory:
        """Return a job's policy over time."""

    def log(self, trial_id: str, *, follow: bool) -> Iterator[TrialLogView]:
        """Yield a trial's log, part by part."""

    def stop(self, job_id: str) -> JobView:
        """Ask a job to stop."""

    def delete_job(self, job_id: str) -> None:
        """Delete a job for good."""

    def delete_trial(self, trial_id: str) -> None:
        """Delete a trial for good."""


@contextmanager
def looking(database_url: str | None) -> Iterator[Onlooker]:
    """Look at the service, if one is named and no database is, else at the database."""
    service = find_service(database_url)
    if service is not None:
        with service:
            yield There(service)
        return
    with opened(database_url) as (database, settings):
        yield Here(database, settings)


def find_service(database_url: str | None) -> Client | None:
    """Return a client of the service that NAS_API_URL names, unless a database is named."""
    if database_url is not None or load_settings().api_url is None:
        return None
    return Client()


def best_of(job: JobView) -> TrialView:
    """Return a job's best trial; raises `NotFoundError` if there is none yet."""
    if job.best is None:
        raise NotFoundError(f"job {job.id} has no completed trial within its constraints yet")
    return job.best


@dataclass(frozen=True, slots=True)
class Here:
    """Looks into the database."""

    database: Database
    settings: Settings

    def jobs(self) -> list[JobView]:
        """Read all jobs."""
        with self.database.read() as session:
            return JobView.of_many(session, list_jobs(session))

    def job(self, job_id: str) -> JobView:
        """Read a job."""
        with self.database.read() as session:
            return JobView.of(session, find_or_raise_job(session, job_id))

    def spec(self, job_id: str) -> JobSpec:
        """Read what was asked for."""
        with self.database.read() as session:
            return find_or_raise_job(session, job_id).stored_spec

    def trials(self, job_id: str) -> list[TrialView]:
        """Read a job's trials."""
        with self.database.read() as session:
            find_or_raise_job(session, job_id)
            return [TrialView.of(row) for row in list_trials(session, job_id)]

    def pareto(self, job_id: str, metrics: Sequence[str] | None) -> ParetoView:
        """Work out a job's front."""
        with self.database.read() as session:
            return pareto_view(session, find_or_raise_job(session, job_id), metrics)

    def policy(self, job_id: str) -> PolicyHistory:
        """Read a job's policy over time."""
        with self.database.read() as session:
            return PolicyHistory.of(session, job_id)

    def log(self, trial_id: str, *, follow: bool) -> Iterator[TrialLogView]:
        """Read a trial's log, and go on while it is written if wanted."""

        def part(offset: int) -> TrialLogView:
            with self.database.read() as session:
                return TrialLogView.read(
                    session, self.settings.artifact_dir, trial_id, offset=offset
                )

        return log_parts(part, follow=follow)

    def stop(self, job_id: str) -> JobView:
        """Note that the job is to stop."""
        with self.database.write() as session:
            return JobView.of(session, request_stop(session, job_id, utc_now()))

    def delete_job(self, job_id: str) -> None:
        """Delete rows and files."""
        store = open_store(self.settings)
        delete_job(self.database, store, self.settings.artifact_dir, job_id)

    def delete_trial(self, trial_id: str) -> None:
        """Delete rows and files."""
        store = open_store(self.settings)
        delete_trial(self.database, store, self.settings.artifact_dir, trial_id, utc_now())


@dataclass(frozen=True, slots=True)
class There:
    """Asks a service."""

    client: Client

    def jobs(self) -> list[JobView]:
        """Ask for all jobs, page by page."""
        return [job.view for job in self.client.jobs(limit=LARGEST_PAGE)]

    def job(self, job_id: str) -> JobView:
        """Ask for a job."""
        return self.client.job(job_id).view

    def spec(self, job_id: str) -> JobSpec:
        """Take from a job what was asked for."""
        view = self.client.job(job_id).view
        stated = {name: getattr(view, name) for name in JobSpec.model_fields}
        stated["baselines"] = tuple(result.name for result in view.baselines)
        return JobSpec.model_construct(**stated)

    def trials(self, job_id: str) -> list[TrialView]:
        """Ask for a job's trials, page by page."""
        return list(self.client.trials(job_id, limit=LARGEST_PAGE))

    def pareto(self, job_id: str, metrics: Sequence[str] | None) -> ParetoView:
        """Ask for a job's front."""
        return self.client.job(job_id).pareto(metrics)

    def policy(self, job_id: str) -> PolicyHistory:
        """Ask for a job's policy."""
        return self.client.job(job_id).policy()

    def log(self, trial_id: str, *, follow: bool) -> Iterator[TrialLogView]:
        """Ask for a trial's log."""
        return self.client.log(trial_id, follow=follow)

    def stop(self, job_id: str) -> JobView:
        """Ask the service to stop the job."""
        return self.client.job(job_id).stop().view

    def delete_job(self, job_id: str) -> None:
        """Ask the service to delete the job."""
        self.client.job(job_id).delete()

    def delete_trial(self, trial_id: str) -> None:
        """Ask the service to delete the trial."""
        self.client.delete_trial(trial_id)
