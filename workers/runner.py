"""Running one job: claim, baselines, search, retrain the winner, test it once, release.

A runner holds a job by a lease that it renews; when it dies the lease runs out and another
runner goes on from the database. Stopping is cooperative: `stop()`, or a status of `stopping`
in the database, ends the search after the epochs under way, and every trial can be resumed.
Where the Ray cluster is lost the runner keeps the job, waits for the cluster, and does the same.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from nas.artifacts import open_store
from nas.database import Database
from nas.database.jobs import (
    claim_job,
    find_claimable_job,
    find_or_raise_job,
    lock_job,
    release_job,
    renew_lease,
    require_runner,
    settle_abandoned_stops,
)
from nas.datasets import AnyData, find_or_raise_dataset, held_in_memory
from nas.errors import (
    ClusterLostError,
    ClusterTooSmallError,
    ClusterUnavailableError,
    ConflictError,
    DatabaseUnavailableError,
    JobTakenError,
    NasError,
)
from nas.evaluators import EvaluatorKind
from nas.ids import utc_now
from nas.job import JobSpec
from nas.logs import log_context
from nas.scaling.rounds import Round, search_rounds
from nas.search import SearchLoop
from nas.settings import Settings
from nas.status import JobStatus
from workers.background import alongside
from workers.baselines import JobBaselines
from workers.cluster import connected, ensure_ray, leave_ray
from workers.identity import is_gone, runner_name
from workers.outages import through_outages
from workers.parallel import call_each
from workers.recording import recording

_LOG = logging.getLogger(__name__)
_HEARTBEATS_PER_LEASE = 20


class JobRunner:
    """Runs jobs of one database, one at a time, in the calling thread."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.name = runner_name()
        self._settings = settings
        self._artifacts = open_store(settings)
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._stopping = threading.Event()
        self._lost = threading.Event()
        self._claims = database
        self._database = database.patient(settings.database_patience_seconds, self._stopping.wait)

    def stop(self) -> None:
        """Ask the running job to stop; safe in a signal handler and in any thread."""
        self._stopping.set()

    def claim(self, job_id: str) -> None:
        """Take the job; raises `ConflictError` if it is completed or in other hands."""
        with self._claims.write() as session:
            self.claim_in(session, job_id)

    def claim_in(self, session: Session, job_id: str) -> None:
        """Take the job within a transaction that the caller commits."""
        claim_job(session, job_id, self.name, utc_now(), self._lease, is_gone)

    def claim_next(self) -> str | None:
        """Take the oldest job that waits for a runner and return its id, or None."""
        with self._claims.write() as session:
            settle_abandoned_stops(session, utc_now())
            job = find_claimable_job(session, utc_now())
            if job is None:
                return None
            self.claim_in(session, job.id)
            return job.id

    def run(self, job_id: str) -> JobStatus:
        """Run a claimed job to its end, or until it is stopped, and return its status.

        A job that cannot go on ends as `failed` with its reason, and the error is raised. One
        whose database stays away is left to the next runner.
        """
        self._stopping.clear()
        self._lost.clear()
        try:
            with log_context(job_id=job_id), self._heartbeat(job_id):
                self._search_through_losses(job_id)
        except DatabaseUnavailableError:
            raise
        except JobTakenError:
            self._lost.set()
        except Exception as error:
            if not self._lost.is_set():
                self._release(job_id, JobStatus.FAILED, _reason(error))
            raise
        if self._lost.is_set():
            raise ConflictError(f"job {job_id} was taken over by another runner")
        status = JobStatus.STOPPED if self._stopping.is_set() else JobStatus.COMPLETED
        self._release(job_id, status, None)
        return status

    def _search_through_losses(self, job_id: str) -> None:
        """Go on with the job on whatever cluster there is, until it ends or is to stop."""
        lost = 0

        def attempt() -> None:
            nonlocal lost
            try:
                self._join_and_search(job_id)
            except (ClusterUnavailableError, ClusterTooSmallError) as error:
                lost += isinstance(error, ClusterLostError)
                if not lost:  # it was never there
                    raise
                leave_ray()
                raise ClusterLostError(str(error)) from error

        try:
            through_outages(
                attempt,
                self._settings.ray_patience_seconds,
                self._stopping.wait,
                of=ClusterLostError,
            )
        except ClusterLostError:
            if not self._stopping.is_set():
                raise

    def _join_and_search(self, job_id: str) -> None:
        ensure_ray(self._settings.ray_address)
        connection = connected()
        with connection.watched():
            try:
                self._search(job_id, lambda: self._stopping.is_set() or connection.is_lost)
            except DatabaseUnavailableError:
                raise
            except Exception:
                connection.require()  # else it is the cluster's end in other words
                raise
        if connection.is_lost:
            connection.require()

    def _search(self, job_id: str, should_stop: Callable[[], bool]) -> None:
        # These need torch and Ray, which a process that only waits for jobs does not load.
        from workers.appraising import job_appraisers
        from workers.distributed import evaluator_for
        from workers.final import JobFinal
        from workers.memory_correction import corrected_share
        from workers.node_data import share_on_nodes
        from workers.placement import placement_on_cluster, places_on_cluster
        from workers.proxies.scoring import JobScoring, complete_untrained
        from workers.supernet.job import JobSupernet
        from workers.surviving import surviving
        from workers.training.acceleration import Acceleration
        from workers.tuning import run_trials

        with self._database.read() as session:
            spec = find_or_raise_job(session, job_id).spec
        database = self._writing_while_held(job_id)
        data = find_or_raise_dataset(spec.dataset).load()
        placement = placement_on_cluster(spec.resources, data)
        data = share_on_nodes(data)
        baselines = self._baselines(database, job_id, spec, data, should_stop)
        baselines.measure()
        scoring = JobScoring(spec, data)
        problem = spec.new_problem(scoring.scores)
        share_of = corrected_share(database, job_id, placement, problem.analyze)
        acceleration = Acceleration(compiled=spec.resources.compile)
        with job_appraisers(database, spec, problem, on_gpu=placement.has_gpus) as measured:
            appraisers = [*scoring.appraisers, *measured]
            if spec.parsed_evaluator.kind is EvaluatorKind.WEIGHT_SHARING:
                supernet = JobSupernet(
                    database,
                    job_id,
                    spec,
                    held_in_memory(data, "weight-sharing"),
                    self._settings.artifact_dir,
                    problem=problem,
                    appraisers=measured,
                )
                supernet.train(should_stop)
                if should_stop():
                    return
                appraisers.append(supernet.appraiser)

            def search(part: Round) -> SearchLoop:
                loop = SearchLoop(
                    database,
                    job_id,
                    data_fingerprint=data.fingerprint,
                    artifact_dir=self._settings.artifact_dir,
                    artifacts=self._artifacts,
                    problem=part.problem,
                    appraisers=appraisers,
                    checkpoints_kept=self._settings.checkpoints_per_job,
                    trials=part.trials,
                )
                if spec.trains:
                    slots = partial(places_on_cluster, placement)
                    with recording(self._claims, job_id, loop.phases, slots):
                        trains = evaluator_for(data, placement.largest_share, acceleration)
                        evaluator = surviving(trains, spec.resources)
                        resources = placement.bounded_resources
                        run_trials(
                            loop,
                            evaluator,
                            resources,
                            should_stop,
                            share_of,
                            # Estimated shares differ: how many fit shows as they are placed.
                            None if placement.is_estimated else slots,
                        )
                else:
                    complete_untrained(loop, should_stop)
                return loop

            patience = self._settings.database_patience_seconds
            for part in search_rounds(self._database, job_id, spec, problem):
                loop = through_outages(partial(search, part), patience, self._stopping.wait)
                if should_stop():
                    break
        if should_stop():
            if not self._lost.is_set():
                loop.interrupt()
            return
        final = JobFinal(database, self._artifacts, self._settings.artifact_dir, job_id, spec)
        final.run(data, share_of, acceleration, should_stop)
        if not should_stop():
            baselines.test()

    def _baselines(
        self,
        database: Database,
        job_id: str,
        spec: JobSpec,
        data: AnyData,
        should_stop: Callable[[], bool],
    ) -> JobBaselines:
        seconds = spec.resources.epoch_timeout_seconds
        calls = partial(call_each, should_stop=should_stop, timeout_seconds=seconds)
        return JobBaselines(database, self._artifacts, job_id, spec, data, calls)

    def _release(self, job_id: str, status: JobStatus, error: str | None) -> None:
        with self._writing_while_held(job_id).write() as session:
            release_job(lock_job(session, job_id), status, utc_now(), error)

    def _writing_while_held(self, job_id: str) -> Database:
        """Return the database for what only the job's own runner may write."""

        def guard(session: Session) -> None:
            require_runner(session, job_id, self.name)

        return self._database.guarded(guard)

    @contextmanager
    def _heartbeat(self, job_id: str) -> Iterator[None]:
        """Renew the lease in the background, and notice a stop or a takeover."""
        pause = self._lease.total_seconds() / _HEARTBEATS_PER_LEASE

        def beat(ended: threading.Event) -> None:
            while not ended.wait(pause):
                try:
                    with self._database.write() as session:
                        job = renew_lease(session, job_id, self.name, utc_now(), self._lease)
                        if job.status is JobStatus.STOPPING:
                            self._stopping.set()
                except DatabaseUnavailableError as error:
                    _LOG.warning("heartbeat of job %s: %s", job_id, error, extra={"job_id": job_id})
                except JobTakenError:
                    self._lost.set()
                    self._stopping.set()
                    return

        with alongside(beat, name="heartbeat"):
            yield


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, NasError) else f"{type(error).__name__}: {error}"
