"""One search on a table: the search loop of real jobs, with the table as its evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nas.bench.problem import TableProblem
from nas.database import Database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Metrics
from nas.ids import utc_now
from nas.job import JobSpec
from nas.search import SearchLoop
from nas.status import TrialStatus

MOST_TRIALS_PER_QUERY = 50
"""Proposals of rows that a table does not have are trials too, but no queries."""


@dataclass(frozen=True, slots=True)
class Run:
    """One seed's search: the regret after each query of a new row, and what asking took."""

    regrets: tuple[float, ...]
    queries_to_optimum: int | None
    asks: int
    ask_seconds: float


def run_on_table(
    database: Database, problem: TableProblem, sampler: str, seed: int, queries: int
) -> Run:
    """Search until the optimum is found, `queries` rows are known, or no new one is proposed."""
    spec = JobSpec(
        space=problem.space.name,
        space_options=problem.space.options.model_dump(mode="json"),
        sampler=sampler,
        dataset="digits",  # a job must name one; the table answers in its place
        trials=queries * MOST_TRIALS_PER_QUERY,
        epochs=1,
        seed=seed,
    )
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
    loop = SearchLoop(
        database,
        job_id,
        data_fingerprint=f"{problem.table.name} {job_id}",  # no seed profits from another
        artifact_dir=Path(),
        problem=problem,
    )
    optimum, best = problem.table.optimum, float("-inf")
    regrets: list[float] = []
    while len(regrets) < queries and best < optimum:
        task = loop.next_task()
        if task is None:
            break
        value = problem.value(task.architecture)
        if value is None:
            loop.fail(task.trial_id, TrialStatus.INFEASIBLE, "the table has no such row")
            continue
        metrics = Metrics(accuracy=value / 100, loss=1 - value / 100)
        loop.report(task.trial_id, EpochReport(1, metrics, train_loss=0.0, train_seconds=0.0))
        loop.complete(task.trial_id)
        best = max(best, value)
        regrets.append(optimum - best)
    return Run(
        regrets=tuple(regrets),
        queries_to_optimum=len(regrets) if best >= optimum else None,
        asks=loop.asks,
        ask_seconds=loop.ask_seconds,
    )
