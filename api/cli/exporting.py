"""`nas export`: take a network away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.context import DatabaseOption, JsonOption, opened
from api.cli.output import byte_size, console, print_json
from api.wording import percent
from nas.errors import InvalidInputError
from nas.export import ExportFormat, export


def export_command(
    target: Annotated[str, typer.Argument(metavar="JOB|TRIAL", help="Id of a job or a trial.")],
    export_format: Annotated[
        str, typer.Option("--format", help=f"{', '.join(ExportFormat)}.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="File or directory; default: the job's artefacts.")
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a job's winner, or one trial, and check the result on real images."""
    if export_format not in list(ExportFormat):
        raise InvalidInputError(
            f"--format: got {export_format!r}, allowed: {', '.join(ExportFormat)}"
        )
    with opened(db) as (database, settings):
        result = export(database, settings, target, ExportFormat(export_format), out)
    if as_json:
        files = [str(file) for file in result.files]
        print_json({"format": export_format, "files": files, **result.details})
        return
    for file in result.files:
        console.print(str(file), highlight=False, soft_wrap=True)
    for line in _checked(export_format, result.details):
        console.print(line, highlight=False)


def _checked(export_format: str, details: Mapping[str, Any]) -> Iterator[str]:
    """Word what was measured about each format that computes."""
    for name, figures in details.get("formats", {export_format: details}).items():
        if "error" in figures:
            yield f"{name}: left out: {figures['error']}"
        elif "accuracy_drop" in figures:
            yield (
                f"{name}: accuracy {percent(figures['test_accuracy'])} on "
                f"{figures['images_compared']} test images, in single precision "
                f"{percent(figures['single_precision_test_accuracy'])}; "
                f"{byte_size(figures['size_bytes'])}, before "
                f"{byte_size(figures['single_precision_size_bytes'])}"
            )
        elif "max_abs_difference" in figures:
            yield (
                f"{name}: {figures['equal_answers']:.2%} of the answers are PyTorch's on "
                f"{figures['images_compared']} test images, largest difference "
                f"{figures['max_abs_difference']:.1e}"
            )
