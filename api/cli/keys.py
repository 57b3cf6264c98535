"""`nas keys`: who may use the service."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption, opened
from api.cli.output import console, local_time, print_json, print_table
from nas.access import Quota, Role
from nas.database.api_keys import create_key, list_keys, revoke_key
from nas.database.audit import list_audit
from nas.errors import InvalidInputError
from nas.ids import utc_now
from nas.key_views import AuditView, KeyView, NewKeyView

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
_NAME_LENGTH = 200


@app.callback()
def _group() -> None:
    """Make, list and revoke API keys."""


@app.command("create")
def create_command(
    name: Annotated[str, typer.Argument(help="Who holds it, for people to read.")] = "unnamed",
    role: Annotated[
        Role,
        typer.Option(help="viewer: look; submitter: run own jobs; admin: everything."),
    ] = Role.SUBMITTER,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Rate limit.")] = None,
    jobs_at_once: Annotated[int | None, typer.Option(min=0, help="Jobs active at once.")] = None,
    trials: Annotated[int | None, typer.Option(min=0, help="Trials over all its jobs.")] = None,
    gpu_hours: Annotated[float | None, typer.Option(min=0, help="GPU-hours in all.")] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once."""
    if not 0 < len(name) <= _NAME_LENGTH:
        raise InvalidInputError(f"NAME: got {len(name)} characters, allowed: 1 to {_NAME_LENGTH}")
    quota = Quota(
        requests_per_minute=requests_per_minute,
        jobs_at_once=jobs_at_once,
        trials=trials,
        gpu_hours=gpu_hours,
    )
    with opened(db) as (database, _), database.write() as session:
        row, token = create_key(session, name, role, quota, utc_now())
        view = NewKeyView(**dict(KeyView.of(session, row)), key=str(token))
    if as_json:
        print_json(view)
        return
    console.print(view.key, highlight=False, soft_wrap=True)
    console.print(f"{role} {name!r}; it is not shown again", style="dim", highlight=False)


@app.command("list")
def list_command(db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List all keys, revoked ones too."""
    with opened(db) as (database, _), database.read() as session:
        keys = [KeyView.of(session, row) for row in list_keys(session)]
    if as_json:
        print_json(keys)
        return
    print_table(
        ("id", "name", "role", "jobs", "trials", "GPU-hours", "last used", "revoked"),
        (
            (
                key.id,
                key.name,
                key.role,
                _of(key.usage.active_jobs, key.quota.jobs_at_once),
                _of(key.usage.trials, key.quota.trials),
                _of(round(key.usage.gpu_hours, 2), key.quota.gpu_hours),
                local_time(key.last_used_at),
                local_time(key.revoked_at),
            )
            for key in keys
        ),
        "no keys",
        numbers=("jobs", "trials", "GPU-hours"),
    )


@app.command("revoke")
def revoke_command(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `nas keys list` shows it.")],
    db: DatabaseOption = None,
) -> None:
    """Let a key open nothing from now on; its jobs stay and go on."""
    with opened(db) as (database, _), database.write() as session:
        row = revoke_key(session, key_id, utc_now())
        console.print(f"revoked {row.role} {row.name!r}", highlight=False)


@app.command("audit")
def audit_command(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Lines to show.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who asked the service for which change, newest first."""
    with opened(db) as (database, _), database.read() as session:
        lines = [AuditView.of(row) for row in list_audit(session, before=None, limit=limit)]
    if as_json:
        print_json(lines)
        return
    print_table(
        ("at", "holder", "method", "path", "status", "from"),
        ((local_time(x.at), x.holder, x.method, x.path, x.status, x.address or "–") for x in lines),
        "no changes were asked for yet",
        numbers=("status",),
    )


def _of(used: float, allowed: float | None) -> str:
    return f"{used:g}" if allowed is None else f"{used:g} of {allowed:g}"
