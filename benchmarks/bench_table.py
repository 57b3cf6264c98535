"""One table and one picture of several runs of `nas bench` on the same table.

    nas bench --table nb201 --sampler tpe --seeds 200 --queries 500 --json > tpe.json
    python benchmarks/bench_table.py *.json --out benchmarks/results/nb201

writes `nb201.md` and `nb201.png`. To the samplers that were run it adds what random search comes
to on average, which needs no run: the best of `k` of `n` rows drawn without repetition is the
`i`-th best of all with probability `C(n - i, k - 1) / C(n, k)`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nas.bench.summary import BUDGETS
from nas.bench.table import load_table

EXPECTED = "random, expected"
HEADINGS = (
    "sampler",
    "seeds",
    "at the optimum",
    "queries to it: quartiles",
    "95 %",
    *(f"regret {budget}" for budget in BUDGETS),
    "ms/ask",
)


def main() -> None:
    """Read the runs, write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=Path, nargs="+", help="what `nas bench --json` printed")
    parser.add_argument("--out", type=Path, required=True, help="both files, without a suffix")
    parser.add_argument("--note", default="", help="a sentence on the machine")
    options = parser.parse_args()
    printed = [json.loads(path.read_text()) for path in options.runs]
    tables = {run["table"] for run in printed}
    if len(tables) != 1:
        parser.error(f"the runs are on {', '.join(sorted(tables))}, allowed: one table")
    figures: dict[str, Mapping[str, Any]] = {}
    for run in printed:
        figures |= run["samplers"]
    (table,) = tables
    values = np.array(list(load_table(table).values.values()))
    regrets = {EXPECTED: expected_regrets(values)} | {
        name: [each["mean_regret"][str(budget)] for budget in BUDGETS]
        for name, each in figures.items()
    }
    ordered = sorted(regrets, key=lambda name: regrets[name][BUDGETS.index(100)])
    rows = [_row(name, regrets[name], figures.get(name), len(values)) for name in ordered]
    title = f"# `nas bench --table {table}`"
    options.out.with_suffix(".md").write_text(
        "\n\n".join(
            filter(None, (title, options.note, _as_markdown(rows), _commands(table, figures)))
        )
        + "\n"
    )
    _plot(options.out.with_suffix(".png"), {name: regrets[name] for name in ordered})


def expected_regrets(values: NDArray[np.float64]) -> list[float]:
    """Return random search's expected regret at each budget, rows drawn without repetition."""
    falling = np.sort(values)[::-1]
    ranks = np.arange(1, len(falling))
    regrets = []
    for budget in BUDGETS:
        first = budget / len(falling)
        # P(rank + 1) / P(rank), from the quotient of the two binomials.
        ratios = np.maximum(len(falling) - ranks - budget + 1, 0) / (len(falling) - ranks)
        probabilities = first * np.concatenate(([1.0], np.cumprod(ratios)))
        regrets.append(float(falling[0] - probabilities @ falling))
    return regrets


def _row(
    name: str, regrets: Sequence[float], figures: Mapping[str, Any] | None, rows: int
) -> tuple[str, ...]:
    written = [f"{regret:.4f}" for regret in regrets]
    if figures is None:
        return (name, "–", f"{BUDGETS[-1] / rows:.1%}", "–", "–", *written, "–")
    quartiles = " / ".join(_count(each) for each in figures["quartiles_queries_to_optimum"])
    return (
        name,
        str(figures["seeds"]),
        f"{figures['share_at_optimum']:.1%}",
        quartiles,
        _count(figures["p95_queries_to_optimum"]),
        *written,
        f"{1000 * figures['seconds_per_ask']:.2f}",
    )


def _count(queries: float | None) -> str:
    return "–" if queries is None else f"{queries:g}"


def _as_markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _commands(table: str, figures: Mapping[str, Mapping[str, Any]]) -> str:
    settings = f"nas bench --table {table} --queries {BUDGETS[-1]}"
    lines = [
        f"{settings} --seeds {each['seeds']} --sampler {name}" for name, each in figures.items()
    ]
    return "\n".join(("```", *lines, "```"))


def _plot(path: Path, regrets: Mapping[str, Sequence[float]]) -> None:
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, each in regrets.items():
        axes.plot(BUDGETS, each, marker=".", linestyle=":" if name == EXPECTED else "-", label=name)
    axes.set(xlabel="distinct architectures evaluated", ylabel="mean regret, %", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
