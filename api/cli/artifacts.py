"""`nas artifacts`: the store of finished files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption, opened
from api.cli.output import console, print_json
from nas.artifacts import collect, open_store
from nas.artifacts.policy import DEFAULT_KEEP

app = typer.Typer(help="Look after the store of finished files.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look after the store of finished files."""


@app.command("gc")
def gc_command(
    keep: Annotated[
        int, typer.Option(help="Best trials of each job whose files stay; the latest does too.")
    ] = DEFAULT_KEEP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove weights and checkpoints of trials that are neither among the best nor the latest."""
    with opened(db) as (database, settings):
        store = open_store(settings)
        gone = collect(database, store, settings.artifact_dir, keep=keep, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(gone)})
        return
    verb = "would remove" if dry_run else "removed"
    console.print(
        f"{verb} {gone.artifacts} artefacts and {gone.files} files, {gone.freed_bytes:,} bytes",
        highlight=False,
    )
