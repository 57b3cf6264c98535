"""Many seeds of several samplers on one table, spread over processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from nas.bench.peers.base import search
from nas.bench.peers.registry import PEERS
from nas.bench.problem import TableProblem
from nas.bench.running import Run, run_on_table
from nas.bench.table import Table
from nas.database import open_database
from nas.heap import freeze_heap


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison is."""

    sampler: str
    done: int
    total: int


_PROBLEM: TableProblem | None = None
"""The table of a worker process, set once when it starts."""


def compare(
    table: Table,
    samplers: Sequence[str],
    *,
    seeds: int,
    queries: int,
    processes: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, list[Run]]:
    """Run `seeds` searches with each sampler or peer; returns the runs by name, seeds in order."""
    runs: dict[str, dict[int, Run]] = {sampler: {} for sampler in samplers}
    with ProcessPoolExecutor(
        processes or os.cpu_count() or 1,
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(table,),
    ) as pool:
        waiting = {
            pool.submit(_run, sampler, seed, queries): (sampler, seed)
            for sampler in samplers
            for seed in range(seeds)
        }
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                sampler, seed = waiting[future]
                runs[sampler][seed] = future.result()
                on_progress(Progress(sampler, done, len(waiting)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: [by_seed[seed] for seed in range(seeds)] for name, by_seed in runs.items()}


def _start_worker(table: Table) -> None:
    global _PROBLEM  # a process' own: what is computed of a table serves all its seeds
    _PROBLEM = TableProblem(table)
    # Each process has a core of its own. Only libraries that are loaded already can be told.
    import scipy.linalg  # noqa: F401
    import torch  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    freeze_heap()


def _run(sampler: str, seed: int, queries: int) -> Run:
    if _PROBLEM is None:
        raise RuntimeError("the worker process was not started by `compare`")
    if sampler in PEERS:
        return search(_PROBLEM, PEERS[sampler].create(_PROBLEM, seed), queries)
    with tempfile.TemporaryDirectory(prefix="nas-bench-") as directory:
        database = open_database(f"sqlite:///{Path(directory) / 'bench.db'}")
        try:
            return run_on_table(database, _PROBLEM, sampler, seed, queries)
        finally:
            database.close()
