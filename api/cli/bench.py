"""`nas bench`: how many evaluations samplers need, measured on a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.cli.context import JsonOption
from api.cli.options import parse_options, split_names
from api.cli.output import print_json, print_table
from nas.bench.peers.registry import PEERS, PeerEntry
from nas.errors import InvalidInputError
from nas.samplers import SAMPLERS


def bench(
    table: Annotated[str, typer.Option(help="nb201, or a CSV file of evaluated architectures.")],
    sampler: Annotated[
        list[str] | None,
        typer.Option(
            help="Names with commas between, or repeated: of `nas samplers`, or a peer's."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Searches per sampler.")] = 20,
    queries: Annotated[
        int, typer.Option(min=1, max=100_000, help="Distinct architectures per search.")
    ] = 200,
    space: Annotated[
        str | None, typer.Option(help="The table's space, where its columns do not tell.")
    ] = None,
    space_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as filters=16; may be repeated.")
    ] = None,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers", help="Run Optuna's, Syne Tune's and NNI's strategies too, where installed."
        ),
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Searches at once; unset: one per core.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file for the regret curves.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare samplers on a table of evaluated architectures."""
    names = _sampler_names(sampler or ["model"], with_peers=peers)
    if plot is not None and not plot.absolute().parent.is_dir():
        raise InvalidInputError(f"--plot: got {str(plot)!r}, allowed: a file in a directory")
    from nas.bench.comparing import Progress, compare
    from nas.bench.plot import plot_regret
    from nas.bench.summary import summarise
    from nas.bench.table import load_table

    loaded = load_table(table, space, parse_options("--space-option", space_option))
    console = Console(stderr=True)
    with console.status("starting", spinner="dots") as status:

        def show(progress: Progress) -> None:
            status.update(f"{progress.done} of {progress.total} searches ({progress.sampler})")

        runs = compare(
            loaded, names, seeds=seeds, queries=queries, processes=processes, on_progress=show
        )
    figures = {name: summarise(each, queries) for name, each in runs.items()}
    if plot is not None:
        plot_regret(plot, f"{loaded.name}, {seeds} seeds", runs, queries)
    if as_json:
        print_json({"table": loaded.name, "optimum": loaded.optimum, "samplers": figures})
        return
    _print_figures(f"{loaded.name}: {len(loaded.values):,} rows, {loaded.optimum:g}", figures)


def _sampler_names(texts: Sequence[str], *, with_peers: bool) -> list[str]:
    """Check the names; peers that are not installed are an error by name, left out as a group."""
    names = split_names(texts)
    for name in names:
        if name in PEERS:
            if not PEERS[name].is_installed:
                raise InvalidInputError(f"--sampler: {name!r} needs {_missing([PEERS[name]])}")
        elif name not in SAMPLERS:
            allowed = ", ".join([*sorted(SAMPLERS), *PEERS])
            raise InvalidInputError(f"--sampler: got {name!r}, allowed: {allowed}")
    if with_peers:
        absent = [peer for peer in PEERS.values() if not peer.is_installed]
        if absent:
            left_out = ", ".join(peer.name for peer in absent)
            Console(stderr=True).print(f"left out: {left_out}: they need {_missing(absent)}")
        names += [name for name, peer in PEERS.items() if peer.is_installed]
    return list(dict.fromkeys(names))


def _missing(peers: Sequence[PeerEntry]) -> str:
    """Say what to install for peers."""
    return f"`pip install {' '.join(dict.fromkeys(peer.distribution for peer in peers))}`"


def _print_figures(title: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
    budgets = list(next(iter(figures.values()))["mean_regret"])
    print_table(
        (
            title,
            "quartiles of queries to it",
            "95 %",
            "found",
            *(f"regret {budget}" for budget in budgets),
            "ms/ask",
        ),
        [
            (
                name,
                " / ".join(_count(value) for value in each["quartiles_queries_to_optimum"]),
                _count(each["p95_queries_to_optimum"]),
                f"{each['share_at_optimum']:.1%}",
                *(f"{each['mean_regret'][budget]:.4f}" for budget in budgets),
                f"{1000 * each['seconds_per_ask']:.1f}",
            )
            for name, each in figures.items()
        ],
        "no samplers",
    )


def _count(queries: float | None) -> str:
    return "–" if queries is None else f"{queries:g}"
