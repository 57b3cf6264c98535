"""Samplers on landscapes that mislead: `python benchmarks/landscapes.py --runs runs.jsonl`.

Prints, as Markdown, for each family of landscapes:

- the mean regret after 200 queries divided by that of regularised evolution, each averaged over
  the seeds of a landscape; the mean of that ratio over the family with its standard error, and
  its worst landscape;
- how many runs found the best cell;
- of landscapes with noise: the noiseless regret of the best result, and the ratio that a search
  would have which queries the best 200 cells by their noiseless values.

Runs are kept in the file, and what is in it is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from misleading import Landscape, landscapes
from threadpoolctl import threadpool_limits

from nas.bench.problem import TableProblem
from nas.bench.running import MOST_TRIALS_PER_QUERY
from nas.bench.table import load_table
from nas.samplers import create_sampler
from search_spaces.decisions import answers_in_order

YARDSTICK = "evolution"
LATE = 150
"""Asks after which their time is measured: around 200 results the last ones."""


@dataclass(frozen=True)
class Result:
    """One search on one landscape."""

    landscape: str
    sampler: str
    seed: int
    queries: int
    regret: float
    clean_regret: float | None
    found_after: int | None
    cpu_seconds: float
    late_ms_per_ask: float | None


def run(
    problem: TableProblem, landscape: Landscape, sampler: str, seed: int, queries: int
) -> Result:
    """Search once.

    The sampler is asked and told as by the search loop, whose database would take longer than all
    that is measured here. Results of rows that are asked for again are told and not counted.
    """
    proposing = create_sampler(sampler, problem, seed, {})
    rows = {key: row for row, key in enumerate(problem.table.values)}
    values, optimum = landscape.values, landscape.values.max()
    queried: list[int] = []
    known: set[int] = set()
    seconds: list[float] = []
    while len(queried) < queries and len(seconds) < queries * MOST_TRIALS_PER_QUERY:
        started = time.process_time()
        proposal = proposing.ask(len(seconds))
        row = rows[answers_in_order(problem.decisions, proposal.choices)]
        proposing.tell(len(seconds), proposal, float(values[row]) / 100)
        seconds.append(time.process_time() - started)
        if row not in known:
            known.add(row)
            queried.append(row)
        if values[row] == optimum:
            break
    best = queried[int(np.argmax(values[queried]))]
    return Result(
        landscape.name,
        sampler,
        seed,
        queries,
        regret=float(optimum - values[best]),
        clean_regret=None
        if landscape.clean is None
        else float(landscape.clean.max() - landscape.clean[best]),
        found_after=len(queried) if values[best] == optimum else None,
        cpu_seconds=sum(seconds),
        late_ms_per_ask=1000 * float(np.mean(seconds[LATE:])) if len(seconds) > LATE + 9 else None,
    )


def foreknowing_regret(landscape: Landscape, queries: int) -> float | None:
    """Return the regret of a search that knows all noiseless values beforehand."""
    if landscape.clean is None:
        return None
    queried = np.argsort(landscape.clean)[::-1][:queries]
    return float(landscape.values.max() - landscape.values[queried].max())


def report(
    every: list[Landscape], results: list[Result], samplers: list[str], queries: int
) -> Iterator[str]:
    """Yield the lines of the Markdown table."""
    yield (
        "| family | tables | sampler | runs | regret | ratio to evolution's | worst table "
        "| found | noiseless regret | ratio if all but noise were known |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for family in dict.fromkeys(landscape.family for landscape in every):
        for sampler in samplers:
            members = [each for each in every if each.family == family]
            rows = [
                (each, of(results, each, YARDSTICK, queries), of(results, each, sampler, queries))
                for each in members
            ]
            rows = [row for row in rows if row[1] and row[2]]
            if rows:
                yield line(family, sampler, rows, queries)


def of(results: list[Result], landscape: Landscape, sampler: str, queries: int) -> list[Result]:
    """Return the results of a sampler on a landscape."""
    asked = (landscape.name, sampler, queries)
    return [each for each in results if (each.landscape, each.sampler, each.queries) == asked]


def line(
    family: str,
    sampler: str,
    rows: list[tuple[Landscape, list[Result], list[Result]]],
    queries: int,
) -> str:
    """Return one line of the table."""
    yardsticks = [mean_regret(yardstick) for _, yardstick, _ in rows]
    ratios = np.array(
        [ratio(mean_regret(own), than) for (*_, own), than in zip(rows, yardsticks, strict=True)]
    )
    runs = [result for *_, own in rows for result in own]
    single = np.array(
        [
            ratio(result.regret, than)
            for (*_, own), than in zip(rows, yardsticks, strict=True)
            for result in own
        ]
    )
    error = single.std(ddof=1) / np.sqrt(len(single)) if len(single) > 1 else np.nan
    found = np.mean([result.found_after is not None for result in runs])
    clean = [result.clean_regret for result in runs if result.clean_regret is not None]
    known = [foreknowing_regret(landscape, queries) for landscape, *_ in rows]
    bounds = [
        ratio(regret, than)
        for regret, than in zip(known, yardsticks, strict=True)
        if regret is not None
    ]
    return (
        f"| {family} | {len(rows)} | {sampler} | {len(runs)} "
        f"| {np.mean([result.regret for result in runs]):.4f} "
        f"| {ratios.mean():.2f} ± {error:.2f} | {ratios.max():.2f} | {found:.0%} "
        f"| {f'{np.mean(clean):.3f}' if clean else ''} "
        f"| {f'{np.mean(bounds):.2f}' if bounds else ''} |"
    )


def ratio(regret: float, than: float) -> float:
    """Divide two regrets; where both are none, neither sampler left anything."""
    return regret / than if than else (np.inf if regret else 0.0)


def mean_regret(results: list[Result]) -> float:
    """Return the regret averaged over seeds."""
    return float(np.mean([result.regret for result in results]))


def main() -> None:
    """Run what is missing, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samplers", default=f"model,{YARDSTICK}")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--yardstick-seeds", type=int, default=30)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", default="", help="how names begin, with semicolons between")
    parser.add_argument("--runs", type=Path, required=True, help="JSON lines, read and added to")
    options = parser.parse_args()
    threadpool_limits(1)
    table = load_table("nb201")
    chosen = tuple(options.only.split(";"))
    every = [each for each in landscapes(table) if each.name.startswith(chosen)]
    results: list[Result] = []
    if options.runs.exists():
        lines = options.runs.read_text().splitlines()
        results = [Result(**json.loads(each)) for each in lines]
    known = {(each.landscape, each.sampler, each.seed, each.queries) for each in results}
    samplers = list(dict.fromkeys([YARDSTICK, *options.samplers.split(",")]))
    problem = TableProblem(table)  # of all landscapes: samplers keep what they compute of it
    with options.runs.open("a") as file:
        for seed in range(max(options.seeds, options.yardstick_seeds)):
            for landscape in every:
                for sampler in samplers:
                    seeds = options.yardstick_seeds if sampler == YARDSTICK else options.seeds
                    asked = (landscape.name, sampler, seed, options.queries)
                    if seed < seeds and asked not in known:
                        results.append(run(problem, landscape, sampler, seed, options.queries))
                        file.write(json.dumps(asdict(results[-1])) + os.linesep)
                        file.flush()
    print("\n".join(report(every, results, samplers, options.queries)))


if __name__ == "__main__":
    main()
