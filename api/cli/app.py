"""The `nas` program: its commands, and how its errors reach the user (one line, exit code 2)."""

from __future__ import annotations

import sys
from typing import Any

import typer

from api.cli import (
    analyzing,
    artifacts,
    bench,
    catalogue,
    database,
    exporting,
    jobs,
    keys,
    latency,
    logs,
    pareto,
    policy,
    reproducing,
    scaling,
    scoring,
    search,
    serving,
)
from api.cli.exit_codes import EXIT_BAD_INPUT, EXIT_FAILED, EXIT_INTERRUPTED
from nas.errors import ConflictError, DatabaseUnavailableError, InvalidInputError, NasError
from search_spaces.errors import SearchSpaceError

_BAD_INPUT = (InvalidInputError, DatabaseUnavailableError, SearchSpaceError)
_USAGE_ERROR: Any = typer.BadParameter.__base__  # click's, wherever this version of typer keeps it

app = typer.Typer(
    name="nas",
    help="Neural architecture search: find the convolutional network for your images.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("search")(search.search)
app.add_typer(jobs.app, name="jobs")
app.command("trials")(jobs.trials)
app.command("logs")(logs.logs)
app.command("best")(jobs.best)
app.command("pareto")(pareto.pareto)
app.command("policy")(policy.policy)
app.command("export")(exporting.export_command)
app.command("scale")(scaling.scale_command)
app.command("reproduce")(reproducing.reproduce_command)
app.command("analyze")(analyzing.analyze_command)
app.command("latency")(latency.latency)
app.command("score")(scoring.score_command)
app.command("bench")(bench.bench)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.command("spaces")(catalogue.spaces_command)
app.command("case-studies")(catalogue.case_studies_command)
app.command("samplers")(catalogue.samplers_command)
app.command("proxies")(catalogue.proxies_command)
app.command("schedulers")(catalogue.schedulers_command)
app.command("datasets")(catalogue.datasets_command)
app.command("baselines")(catalogue.baselines_command)
app.add_typer(database.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(artifacts.app, name="artifacts")


def main() -> None:
    """Run the program and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 2 for bad input, 1 for what went wrong later."""
    try:
        code = typer.main.get_command(app).main(
            args=arguments, prog_name="nas", standalone_mode=False
        )
    except typer.Exit as exit_:
        return exit_.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except _USAGE_ERROR as error:
        message = error.format_message()
        return _complain(message, EXIT_BAD_INPUT) if message else EXIT_BAD_INPUT
    except _BAD_INPUT as error:
        return _complain(str(error), EXIT_BAD_INPUT)
    except NasError as error:
        return _complain(str(error), EXIT_FAILED if _came_late(error) else EXIT_BAD_INPUT)
    return code if isinstance(code, int) else 0


def _came_late(error: NasError) -> bool:
    """Tell whether the input was fine and something failed while it was carried out."""
    return type(error) is NasError or isinstance(error, ConflictError)


def _complain(message: str, code: int) -> int:
    line = " ".join(message.split())
    typer.echo(f"nas: error: {line}", err=True)
    return code
