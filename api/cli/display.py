"""What a person sees while a job runs: progress, best so far, trials under way, time left.

It looks at the database, as any other onlooker would, and not at the runner.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from api.cli.baselines import baseline_line
from api.wording import percent, worth
from nas.baselines import BaselineResult
from nas.database import Database
from nas.database.jobs import find_or_raise_job
from nas.database.trials import list_trials
from nas.errors import DatabaseUnavailableError
from nas.representations import JobView, TrialView
from nas.status import TrialStatus
from workers.background import alongside

_REFRESH_SECONDS = 0.5


class JobProgress:
    """A job's progress, read anew at each `look`."""

    def __init__(self, database: Database, job_id: str) -> None:
        self._database = database
        self._job_id = job_id
        self._started = time.monotonic()
        self.job, self.running = self.look()
        self._done_at_start = self.job.trials_done

    def look(self) -> tuple[JobView, list[TrialView]]:
        """Read the job and its running trials."""
        with self._database.read() as session:
            self.job = JobView.of(session, find_or_raise_job(session, self._job_id))
            rows = list_trials(session, self._job_id, status=TrialStatus.RUNNING)
            self.running = [TrialView.of(row) for row in rows]
        return self.job, self.running

    def ended_since(self, seen: set[str]) -> list[TrialView]:
        """Return the trials that have ended and are not in `seen`, and add them to it."""
        with self._database.read() as session:
            rows = list_trials(session, self._job_id)
        ended = [TrialView.of(row) for row in rows if row.status.is_final and row.id not in seen]
        seen.update(trial.id for trial in ended)
        return ended

    def baselines_since(self, seen: set[str]) -> list[BaselineResult]:
        """Return the baselines measured that are not in `seen`, and add them to it."""
        new = [each for each in self.job.baselines if each.is_known and each.name not in seen]
        seen.update(each.name for each in new)
        return new

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since this process began to look."""
        return time.monotonic() - self._started

    @property
    def eta_seconds(self) -> float | None:
        """Estimated seconds until the last trial ends, once one has ended."""
        done = self.job.trials_done - self._done_at_start
        if done == 0:
            return None
        return self.elapsed_seconds / done * (self.job.trials - self.job.trials_done)


@contextmanager
def shown(database: Database, job_id: str, console: Console, *, quiet: bool) -> Iterator[None]:
    """Show the job's progress while the body runs: live on a terminal, else a line per trial."""
    if quiet:
        yield
        return
    progress = JobProgress(database, job_id)
    watch = _watch_live if console.is_terminal else _watch_lines
    with alongside(partial(watch, progress, console), name="display"):
        yield


def _watch_live(progress: JobProgress, console: Console, ended: threading.Event) -> None:
    with Live(render(progress), console=console, refresh_per_second=4, transient=True) as live:
        while not ended.wait(_REFRESH_SECONDS):
            try:
                progress.look()
            except DatabaseUnavailableError as error:
                live.update(Text(f"waiting for the database: {error}", style="yellow"))
            else:
                live.update(render(progress))


def _watch_lines(progress: JobProgress, console: Console, ended: threading.Event) -> None:
    seen: set[str] = set()
    measured: set[str] = set()
    is_over, retraining = False, False
    while not is_over:
        is_over = ended.wait(_REFRESH_SECONDS)
        try:
            for trial in progress.ended_since(seen):
                console.print(_line(trial, len(seen), progress.job), highlight=False, markup=False)
            progress.look()
            for result in progress.baselines_since(measured):
                console.print(baseline_line(result, None), highlight=False, markup=False)
        except DatabaseUnavailableError as error:
            console.print(f"waiting for the database: {error}", markup=False)
        if progress.job.final_epoch and not retraining:
            retraining = True
            console.print(f"retraining the winner for {progress.job.final_epochs} epochs")


def _line(trial: TrialView, done: int, job: JobView) -> str:
    outcome = (
        worth(trial.metrics)
        if trial.status is TrialStatus.COMPLETED
        else f"{trial.status}: {trial.error}"
    )
    again = " (known from an earlier job)" if trial.cached_from else ""
    return (
        f"[{done}/{job.trials}] trial {trial.number}: {outcome}, "
        f"{trial.metrics.params:,} parameters{again}"
    )


def render(progress: JobProgress) -> RenderableType:
    """Draw the progress bar, the best so far, the baselines and the running trials."""
    job = progress.job
    heading = Text.assemble(
        (job.name, "bold"), f"   {job.status}   ", (job.id, "dim"), overflow="ellipsis"
    )
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        ProgressBar(total=job.trials, completed=job.trials_done, width=32),
        f"{job.trials_done} of {job.trials} trials",
        _best(job),
        _time_left(progress),
    )
    if job.final_epoch or (job.trials_done == job.trials and job.final is None):
        state: RenderableType = Text(
            f"retraining the winner: epoch {job.final_epoch} of {job.final_epochs}", style="cyan"
        )
    else:
        state = _running(progress.running)
    return Group(heading, bar, *_baselines(job), state)


def _best(job: JobView) -> str:
    if job.best is None:
        return "best –"
    return f"best {worth(job.best.metrics)} (trial {job.best.number})"


def _baselines(job: JobView) -> list[RenderableType]:
    """Write a line for each baseline that is known."""
    best = job.best.metrics.accuracy if job.best else None
    return [
        Text(baseline_line(each, best), style="dim", overflow="ellipsis")
        for each in job.baselines
        if each.is_known
    ]


def _time_left(progress: JobProgress) -> str:
    eta = progress.eta_seconds
    return "ETA –" if eta is None else f"ETA {int(eta) // 60}:{int(eta) % 60:02d}"


def _running(trials: list[TrialView]) -> RenderableType:
    if not trials:
        return Text("starting workers", style="dim")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("trial", "epoch", "accuracy", "parameters"):
        table.add_column(column, justify="right")
    for trial in trials:
        table.add_row(
            str(trial.number),
            f"{trial.epochs_done}/{trial.budget}",
            percent(trial.metrics.accuracy),
            f"{trial.metrics.params:,}",
        )
    return table
