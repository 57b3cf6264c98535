"""Running a job in the foreground: with a display, with Ctrl-C, and with its results at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from rich.panel import Panel
from rich.text import Text

from api.cli.baselines import baseline_rows
from api.cli.display import shown
from api.cli.exit_codes import EXIT_INTERRUPTED
from api.cli.output import console, print_table
from api.cli.results import figures
from nas.database import Database
from nas.database.jobs import find_or_raise_job
from nas.export import ExportFormat, export
from nas.layout import job_directory
from nas.representations import JobView
from nas.settings import Settings
from nas.status import JobStatus
from search_spaces import draw, parse_architecture
from search_spaces.errors import StandaloneSourceError
from workers.runner import JobRunner

RESULT_FORMATS = (ExportFormat.JSON, ExportFormat.PYTHON, ExportFormat.ONNX)


def run_in_foreground(
    runner: JobRunner, database: Database, job_id: str, *, quiet: bool
) -> JobView:
    """Run a claimed job to its end; Ctrl-C stops it, keeps everything and ends the program."""
    with _stopping_on_interrupt(runner), shown(database, job_id, console, quiet=quiet):
        status = runner.run(job_id)
    with database.read() as session:
        job = JobView.of(session, find_or_raise_job(session, job_id))
    if status is JobStatus.STOPPED:
        console.print(
            f"Stopped after {job.trials_done} of {job.trials} trials; everything is kept. "
            f"Go on with:\n  nas jobs resume {job_id}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(EXIT_INTERRUPTED)
    return job


def export_results(
    database: Database, settings: Settings, job: JobView, out: Path | None
) -> dict[str, dict[str, Any]]:
    """Export a finished job's winner and return, per format, its files and what was measured.

    A network whose operations' source cannot be copied is exported in the other formats.
    """
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    for export_format in RESULT_FORMATS:
        try:
            result = export(database, settings, job.id, export_format, out)
        except StandaloneSourceError as error:
            results[export_format.value] = {"files": [], "error": str(error)}
            continue
        results[export_format.value] = {
            "files": [str(file) for file in result.files],
            **result.details,
        }
    return results


def print_results(
    settings: Settings, jobs: list[JobView], exports: dict[str, dict[str, Any]]
) -> None:
    """Print the winner of the first job, and all jobs' figures side by side."""
    job = jobs[0]
    if job.best is None:
        return
    console.print(
        Panel(
            Text(draw(parse_architecture(job.best.architecture))),
            title="best architecture",
            expand=False,
        )
    )
    print_table(
        ("sampler", "trials", "parameters", "MACs", "validation", "test"),
        [figures(each) for each in jobs] + baseline_rows(job.baselines),
        "no results",
    )
    onnx = exports[ExportFormat.ONNX.value]
    console.print(
        f"\nONNX against PyTorch on {onnx['images_compared']} test images: largest difference "
        f"{onnx['max_abs_difference']:.1e}",
        highlight=False,
    )
    for each in jobs:
        console.print(f"Job {each.id} ({each.sampler})", highlight=False)
    console.print("Artefacts:", highlight=False)
    for result in exports.values():
        for file in result["files"]:
            console.print(f"  {file}", highlight=False, soft_wrap=True)
        if "error" in result:
            console.print(f"  none: {result['error']}", highlight=False, markup=False)
    console.print(
        f"  {job_directory(settings.artifact_dir, job.id)}  (logs of every trial)",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _stopping_on_interrupt(runner: JobRunner) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM stop the job cleanly and a second one end the program."""

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        console.print("stopping after the epochs under way; once more to quit at once")
        runner.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
