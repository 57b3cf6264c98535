"""`nas logs`: what a trial printed and logged."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption, opened
from api.cli.output import console, print_json
from nas.trial_log import TrialLogView

_LOOK_SECONDS = 0.5


def logs(
    trial_id: Annotated[str, typer.Argument(metavar="TRIAL", help="Id of the trial.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the trial has ended.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a trial printed and logged, and how it ended."""
    offset, text = 0, ""
    with opened(db) as (database, settings):
        while True:
            with database.read() as session:
                part = TrialLogView.read(session, settings.artifact_dir, trial_id, offset=offset)
            if as_json:
                text += part.text
            else:
                console.file.write(part.text)
                console.file.flush()
            offset = part.next_offset
            if part.is_complete or not (follow or part.text):
                break
            if not part.text:
                time.sleep(_LOOK_SECONDS)
    if as_json:
        print_json(part.model_copy(update={"text": text, "offset": 0}))
    else:
        reason = f": {part.error}" if part.error else ""
        typer.echo(f"trial {trial_id} is {part.status.value}{reason}", err=True)
