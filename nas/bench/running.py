"""One search on a table: the search loop of real jobs, with the table as its evaluator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.bench.problem import TableProblem
from nas.database import Database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Metrics
from nas.ids import utc_now
from nas.job import JobSpec
from nas.phases import Phase, Spent
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


class Regret:
    """How far below the optimum the best of the rows queried so far is."""

    def __init__(self, optimum: float, queries: int) -> None:
        self._optimum = optimum
        self._queries = queries
        self._best = -math.inf
        self._regrets: list[float] = []

    @property
    def is_over(self) -> bool:
        """Whether the optimum is found or all queries are made."""
        return self._best >= self._optimum or len(self._regrets) >= self._queries

    def add(self, value: float) -> None:
        """Take note of what a new row is worth."""
        self._best = max(self._best, value)
        self._regrets.append(self._optimum - self._best)

    def run(self, asks: int, ask_seconds: float) -> Run:
        """Return the figures of a search that ends here."""
        found = len(self._regrets) if self._best >= self._optimum else None
        return Run(tuple(self._regrets), found, asks, ask_seconds)


def run_on_table(
    database: Database,
    problem: TableProblem,
    sampler: str,
    seed: int,
    queries: int,
    sampler_options: Mapping[str, Any] | None = None,
) -> Run:
    """Search until the optimum is found, `queries` rows are known, or no new one is proposed."""
    spec = JobSpec(
        space=problem.space.name,
        space_options=problem.space.options.model_dump(mode="json"),
        sampler=sampler,
        sampler_options=dict(sampler_options or {}),
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
    regret = Regret(problem.table.optimum, queries)
    while not regret.is_over:
        task = loop.next_task()
        if task is None:
            break
        value = problem.value(task.architecture)
        if value is None:
            loop.fail(task.trial_id, TrialStatus.INFEASIBLE, "the table has no such row")
            continue
        metrics = Metrics(accuracy=value / 100, loss=1 - value / 100)
        report = EpochReport(1, metrics, train_loss=0.0, train_seconds=0.0)
        loop.report_last(task.trial_id, report)
        regret.add(value)
    spent, _ = loop.phases.take()
    asking = spent.get(Phase.ASK, Spent())
    return regret.run(asking.count, asking.seconds)
