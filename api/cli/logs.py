"""`nas logs`: what a trial printed and logged."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption
from api.cli.onlooker import looking
from api.cli.output import console, print_json


def logs(
    trial_id: Annotated[str, typer.Argument(metavar="TRIAL", help="Id of the trial.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the trial has ended.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a trial printed and logged, and how it ended."""
    text = ""
    with looking(db) as onlooker:
        for part in onlooker.log(trial_id, follow=follow):
            if as_json:
                text += part.text
            else:
                console.file.write(part.text)
                console.file.flush()
    if as_json:
        print_json(part.model_copy(update={"text": text, "offset": 0}))
    else:
        reason = f": {part.error}" if part.error else ""
        typer.echo(f"trial {trial_id} is {part.status.value}{reason}", err=True)
