"""A runner that waits for jobs and runs them one after the other: `nas worker`."""

from __future__ import annotations

import logging
import threading

from nas.errors import NasError
from workers.runner import JobRunner

_LOG = logging.getLogger(__name__)
POLL_SECONDS = 1.0


class RunnerService:
    """Claims jobs until it is told to shut down."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner
        self._shutdown = threading.Event()

    def shut_down(self) -> None:
        """Stop the job under way, which stays resumable, and end `serve`."""
        self._shutdown.set()
        self._runner.stop()

    def serve(self) -> None:
        """Run job after job; a job that fails is logged and recorded, and the next one taken."""
        while not self._shutdown.is_set():
            try:
                job_id = self._runner.claim_next()
                if job_id is None:
                    self._shutdown.wait(POLL_SECONDS)
                    continue
                ids = {"job_id": job_id}
                _LOG.info("job %s: started", job_id, extra=ids)
                status = self._runner.run(job_id)
                _LOG.info("job %s: %s", job_id, status, extra=ids)
            except NasError as error:
                _LOG.error("%s", error)
                self._shutdown.wait(POLL_SECONDS)
            except Exception:
                _LOG.exception("a job failed unexpectedly")
                self._shutdown.wait(POLL_SECONDS)
