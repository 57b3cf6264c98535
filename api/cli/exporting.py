"""`nas export`: take a network away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption, opened
from api.cli.output import console, print_json
from nas.errors import InvalidInputError
from nas.export import ExportFormat, export


def export_command(
    target: Annotated[str, typer.Argument(metavar="JOB|TRIAL", help="Id of a job or a trial.")],
    export_format: Annotated[
        str, typer.Option("--format", help="onnx, safetensors, torch, python or json.")
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
    if "max_abs_difference" in result.details:
        console.print(
            f"same logits as PyTorch on {result.details['images_compared']} test images: largest "
            f"difference {result.details['max_abs_difference']:.1e}",
            highlight=False,
        )
