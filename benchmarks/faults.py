"""Kill what a small job runs on, at random moments, and see how it ends.

    python -m benchmarks.faults [--times 20] [--faults runner,worker,...] [--runs FILE]

Each run is a real job, `nas worker` processes over a real Ray cluster and PostgreSQL on this
machine: two candidates trained on digits, the better one retrained and tested. The moment is drawn;
one that fell after the job's end, or at which there was nothing to kill, is drawn anew. A job is
sound if it completed and its records hold by `tests.faults.invariants.assert_sound`. It has
recovered once it records anything again: an epoch, a trial's end, its own end; the time counts from
the kill, and so includes the start of what was killed. Runs are kept in a file, and add up.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.fault_results import FaultRun, table
from benchmarks.fault_stage import FAULTS, LONGEST_SECONDS, SMALL_JOB, STEPS, Stage, staged
from nas.database import open_database
from nas.database.jobs import create_job
from nas.datasets import find_or_raise_dataset
from nas.ids import utc_now
from nas.job import parse_job_spec
from nas.status import JobStatus
from tests.faults.invariants import assert_sound
from tests.faults.jobs import run_job

LOCKED = "sqlite-locked-30s"

LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
time.sleep(30)
connection.execute("COMMIT")
"""


def run_once(stage: Stage, fault: str, seed: int, rng: random.Random) -> FaultRun | None:
    """Run a job, let the fault happen at some moment, and see; None where it hit nothing.

    The moment is so long after so many epochs were recorded as an epoch usually takes at most.
    """
    job_id = stage.submit(seed)
    after, share = rng.randrange(STEPS), rng.random()
    started = last = time.monotonic()
    while stage.steps(job_id) < after and stage.is_active(job_id):
        last = time.monotonic()
        time.sleep(0.05)
    time.sleep(share * (last - started) / max(after, 1))
    before = stage.progress(job_id)
    if not stage.is_active(job_id):
        return None
    started = time.monotonic()
    if not FAULTS[fault](stage, job_id, rng):
        stage.await_end(job_id)
        return None
    while stage.progress(job_id) == before and time.monotonic() < started + LONGEST_SECONDS:
        time.sleep(0.05)
    recovered = time.monotonic() - started
    try:
        stage.await_end(job_id)
        status = stage.status(job_id)
        assert status is JobStatus.COMPLETED, f"it is {status}"
        assert_sound(stage.database, job_id)
    except (AssertionError, TimeoutError) as error:
        problem = str(error).partition("\n")[0] or type(error).__name__
        return FaultRun(fault, after, recovered, problem)
    return FaultRun(fault, after, recovered)


def run_all(stage: Stage, faults: Sequence[str], times: int, seed: int) -> Iterator[FaultRun]:
    """Yield so many runs of each fault that hit something, in turns."""
    rng = random.Random(seed)
    seeds = iter(range(rng.randrange(1 << 24), 1 << 30))
    stage.await_end(stage.submit(next(seeds)))  # which warms processes up
    for _ in range(times):
        for fault in faults:
            run = None
            while run is None:
                run = run_once(stage, fault, next(seeds), rng)
            yield run


def run_locked(seed: int, rng: random.Random) -> FaultRun:
    """Run a job on SQLite, without a cluster, while another process locks the file for 30 s."""
    from workers.training.evaluator import TrainingEvaluator

    with tempfile.TemporaryDirectory(prefix="nas-faults-") as directory:
        path = Path(directory) / "nas.db"
        database = open_database(f"sqlite:///{path}")
        with database.write() as session:
            spec = parse_job_spec(SMALL_JOB | {"seed": seed})
            job_id = create_job(session, spec, utc_now()).id

        def steps() -> int:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                return int(connection.execute("SELECT COUNT(*) FROM metrics").fetchone()[0])

        evaluator = TrainingEvaluator(find_or_raise_dataset("digits").load())
        patient = database.patient(120.0, lambda pause: bool(time.sleep(pause)))
        thread = threading.Thread(
            target=run_job, args=(patient, job_id, evaluator, Path(directory)), daemon=True
        )
        thread.start()
        after = rng.randrange(STEPS - 2)
        while steps() < after:
            time.sleep(0.02)
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", LOCK, str(path)], check=True)
        before = steps()
        while steps() == before and thread.is_alive():
            time.sleep(0.02)
        recovered = time.monotonic() - started
        thread.join(LONGEST_SECONDS)
        try:
            assert not thread.is_alive(), "it did not end"
            assert_sound(database, job_id)
        except AssertionError as error:
            return FaultRun(LOCKED, after, recovered, str(error).partition("\n")[0])
        finally:
            database.close()
    return FaultRun(LOCKED, after, recovered)


def runs_of(faults: Sequence[str], times: int, seed: int) -> Iterator[FaultRun]:
    """Yield so many runs of each fault."""
    rng = random.Random(seed)
    if LOCKED in faults:
        for _ in range(times):
            yield run_locked(rng.randrange(1 << 24), rng)
    others = [fault for fault in faults if fault != LOCKED]
    if not others:
        return
    with staged() as stage:
        for run in run_all(stage, others, times, seed):
            yield run
            if run.problem is not None:
                print(stage.log, file=sys.stderr, flush=True)


def main() -> None:
    """Run the faults, add them to the file of runs, and print the table of all that it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="of each fault; 0: the table alone")
    parser.add_argument("--faults", default=",".join((*FAULTS, LOCKED)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("fault-runs.jsonl"))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was started ends
    if arguments.times:
        faults = arguments.faults.split(",")
        for run in runs_of(faults, arguments.times, arguments.seed):
            print(run.line, file=sys.stderr, flush=True)
            with arguments.runs.open("a") as file:
                file.write(run.json + "\n")
    print(table([FaultRun.parse(line) for line in arguments.runs.read_text().splitlines()]))


if __name__ == "__main__":
    main()
