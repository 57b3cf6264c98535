"""How long 256 workers wait for their next trial: the real search loop, trials that only last.

    python benchmarks/idle_workers.py [--samplers random,evolution,model] [--trials 1024]

The table nb201 is the evaluator. A trial lasts 30 to 90 seconds, drawn uniformly, which nobody
sleeps through: the clock is moved on to the next end. What the search loop takes to record a
report, to end the trial, to ask the sampler, and to store the next trial is measured as it runs
(CPU time of the process, one core) and added to the clock; meanwhile whoever else is done waits. So
the idle share is what a single-threaded loop costs 256 workers, Ray's own milliseconds left out.
The figures are of the time until the last trial is handed out, the start included, when all ask
at once; "steady" leaves out each worker's first wait.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch  # noqa: F401  # loaded before the heap is frozen
from threadpoolctl import threadpool_limits

from nas.bench.problem import TableProblem
from nas.bench.table import load_table
from nas.database import Database, open_database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Metrics, TrialTask
from nas.heap import freeze_heap
from nas.ids import utc_now
from nas.job import JobSpec
from nas.phases import Phase
from nas.search import SearchLoop

WORKERS = 256
SHORTEST, LONGEST = 30.0, 90.0
"""Seconds of a trial."""


@dataclass(slots=True)
class Simulation:
    """Workers and one search loop, in seconds of the simulated clock."""

    loop: SearchLoop
    problem: TableProblem
    durations: np.random.Generator
    now: float = 0.0
    first_waits: float = 0.0
    waits: float = 0.0
    busy_until: list[tuple[float, int, TrialTask]] = field(default_factory=list)

    def run(self) -> None:
        """Hand out trials until there are none left."""
        while len(self.busy_until) < WORKERS and self._start(free_since=0.0):
            self.first_waits = self.waits
        while self.busy_until:
            ended, _, task = heapq.heappop(self.busy_until)
            self.now = max(self.now, ended)
            started = time.process_time()
            value = self.problem.value(task.architecture) or 0.0
            metrics = Metrics(accuracy=value / 100, loss=1 - value / 100)
            self.loop.report_last(task.trial_id, EpochReport(1, metrics, 0.0, 0.0))
            self.now += time.process_time() - started
            if not self._start(free_since=ended):
                return

    def _start(self, free_since: float) -> bool:
        """Give the next trial to a worker that is free; returns whether there was one."""
        started = time.process_time()
        task = self.loop.next_task()
        self.now += time.process_time() - started
        if task is None:
            return False
        self.waits += self.now - free_since
        end = self.now + float(self.durations.uniform(SHORTEST, LONGEST))
        heapq.heappush(self.busy_until, (end, task.number, task))
        return True


def simulate(database: Database, problem: TableProblem, sampler: str, trials: int) -> Simulation:
    """Run a job of `trials` trials."""
    spec = JobSpec(
        space=problem.space.name,
        space_options=problem.space.options.model_dump(mode="json"),
        sampler=sampler,
        dataset="digits",  # a job must name one; the table answers in its place
        trials=trials,
        epochs=1,
    )
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
    loop = SearchLoop(
        database, job_id, data_fingerprint=job_id, artifact_dir=Path(), problem=problem
    )
    simulation = Simulation(loop, problem, np.random.default_rng(0))
    simulation.run()
    return simulation


def main() -> None:
    """Simulate each sampler and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samplers", default="random,evolution,model")
    parser.add_argument("--trials", type=int, default=1024)
    given = parser.parse_args()
    print(f"{WORKERS} workers, {given.trials} trials of {SHORTEST:g} to {LONGEST:g} s, nb201")
    print("sampler      idle   steady   ms per ask   loop busy")
    freeze_heap()  # as `workers.tuning` does
    with tempfile.TemporaryDirectory() as directory, threadpool_limits(1):
        database = open_database(f"sqlite:///{Path(directory) / 'nas.db'}")
        for sampler in given.samplers.split(","):
            problem = TableProblem(load_table("nb201"))  # no sampler profits from another
            cpu = time.process_time()
            done = simulate(database, problem, sampler, given.trials)
            cpu = time.process_time() - cpu
            total = WORKERS * done.now
            asking = done.loop.phases.take()[0][Phase.ASK]
            print(
                f"{sampler:10s} {done.waits / total:6.2%}  "
                f"{(done.waits - done.first_waits) / total:6.2%}   "
                f"{asking.seconds / asking.count * 1e3:10.1f}   {cpu / done.now:6.1%}",
                flush=True,
            )
        database.close()


if __name__ == "__main__":
    main()
