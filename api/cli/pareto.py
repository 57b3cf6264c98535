"""`nas pareto`: a job's front in two metrics or more, and how its hypervolume grew."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import DatabaseOption, JsonOption
from api.cli.onlooker import looking
from api.cli.options import split_names
from api.cli.output import console, print_json, print_table
from nas.pareto.view import ParetoView

_MOST_STEPS = 10
"""Points of the hypervolume's curve that are printed."""


def pareto(
    job_id: Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="Names with commas between, as accuracy,params; default: the job's objectives."
        ),
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a job's front and its hypervolume."""
    names = split_names(metrics) if metrics else None
    with looking(db) as onlooker:
        view = onlooker.pareto(job_id, names)
    if as_json:
        print_json(view)
    else:
        print_front(view)


def print_front(view: ParetoView) -> None:
    """Print the front's trials, and the hypervolume at some points of the search."""
    print_table(
        ("on the front", "number", *view.metrics),
        [
            (trial.id, trial.number, *(_shown(trial.known_figures[name]) for name in view.metrics))
            for trial in view.front
        ],
        "No completed trials yet.",
        numbers=view.metrics,
    )
    if view.reference is None:
        return
    numbered = list(enumerate(view.series, 1))
    step = -(-len(numbered) // _MOST_STEPS) or 1
    curve = dict(numbered[::step] + numbered[-1:])
    steps = "  ".join(f"{count}: {point.hypervolume:.4f}" for count, point in curve.items())
    corner = ", ".join(f"{name} {_shown(value)}" for name, value in view.reference.items())
    console.print(
        f"hypervolume after trials  {steps}",
        f"as a share of the box from {corner}",
        sep="\n",
        highlight=False,
    )


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if float(figure).is_integer() and abs(figure) >= 10 else f"{figure:.4g}"
