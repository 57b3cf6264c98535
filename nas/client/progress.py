"""A progress bar over a job's events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nas.job_events import Event, JobEvent
from nas.representations import JobView


class JobBar:
    """One line: trials done, the best so far, and the winner's retraining."""

    def __init__(self, progress: Progress, job: JobView) -> None:
        self._progress = progress
        self._task = progress.add_task(
            job.name, total=job.trials, completed=job.trials_done, note=job.status.value
        )

    def take(self, event: Event) -> None:
        """Show what an event tells."""
        if not isinstance(event.data, JobEvent):
            return
        job = event.data
        self._progress.update(self._task, completed=job.trials_done, note=_note(job))


@contextmanager
def following(job: JobView, *, shown: bool) -> Iterator[JobBar]:
    """Show a bar until the block ends; on nothing that is no terminal or notebook but the end."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, disable=not shown) as progress:
        yield JobBar(progress, job)


def _note(job: JobEvent) -> str:
    parts = [job.status.value]
    if job.best is not None and job.best.metrics.accuracy is not None:
        parts.append(f"best {job.best.metrics.accuracy:.2%}")
    if job.final_epoch:
        parts.append(f"retraining {job.final_epoch}/{job.final_epochs}")
    if job.test_accuracy is not None:
        parts.append(f"test {job.test_accuracy:.2%}")
    return ", ".join(parts)
