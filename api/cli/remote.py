"""Searches that the service of NAS_API_URL runs: submitted, followed and shown from here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from api.cli.exit_codes import EXIT_FAILED, EXIT_INTERRUPTED
from api.cli.output import console, print_table
from api.cli.results import figures
from nas.client import Client, Job
from nas.errors import NasError
from nas.export import ExportFormat
from nas.job import JobSpec
from nas.representations import JobView
from nas.status import JobStatus

_FORMATS = (ExportFormat.JSON, ExportFormat.PYTHON, ExportFormat.ONNX)


def search_there(
    client: Client, specs: Sequence[JobSpec], out: Path | None, *, quiet: bool
) -> tuple[list[JobView], dict[str, Any]]:
    """Submit jobs, wait for their ends, and download the first one's winner if `out` is given."""
    jobs = [client.submit(spec) for spec in specs]
    ended = [wait_there(job, quiet=quiet) for job in jobs]
    return ended, {} if out is None else _download(client, jobs[0], out)


def wait_there(job: Job, *, quiet: bool) -> JobView:
    """Follow a job to its end; Ctrl-C ends the following, and the job goes on."""
    try:
        job.wait(progress=not quiet)
    except KeyboardInterrupt:
        console.print(
            f"Job {job.id} goes on without this program. Stop it with:\n  nas jobs stop {job.id}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if job.status is JobStatus.FAILED:
        raise NasError(f"job {job.id} failed: {job.view.error}")
    return job.view


def print_there(jobs: Sequence[JobView], exports: dict[str, Any]) -> None:
    """Print all jobs' figures side by side, and the files that were downloaded."""
    print_table(
        ("sampler", "trials", "parameters", "MACs", "validation", "test"),
        [figures(job) for job in jobs],
        "no results",
    )
    for job in jobs:
        console.print(f"Job {job.id} ({job.sampler}): {job.status}", highlight=False)
    for result in exports.values():
        for file in result["files"]:
            console.print(f"  {file}", highlight=False, soft_wrap=True)


def _download(client: Client, job: Job, out: Path) -> dict[str, Any]:
    if job.best is None:
        raise typer.Exit(EXIT_FAILED)
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    for format_ in _FORMATS:
        files = job.export(format_.value)
        paths = [client.download(file.id, out / Path(file.name).name) for file in files]
        results[format_.value] = {"files": [str(path) for path in paths], **files[0].details}
    return results
