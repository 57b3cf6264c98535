"""What the jobs of `benchmarks.faults` run on, and how parts of it are taken away and put back."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nas.database import Database, open_database, upgrade_database
from nas.database.jobs import create_job, find_or_raise_job
from nas.database.trials import list_job_metrics, list_trials
from nas.ids import utc_now
from nas.job import parse_job_spec
from nas.status import JobStatus
from tests import postgres
from tests.faults.ray_cluster import OWN_CLUSTER, Head, RayNode, running_head

SMALL_JOB = {
    "space": "cell",
    "space_options": {"blocks": 2, "filters": 4},
    "sampler": "tpe",
    "dataset": "digits",
    "trials": 2,
    "epochs": 3,
    "final_epochs": 2,
    "resources": {"max_concurrent_trials": 1},
}
STEPS = 2 * 3 + 2
"""The epochs of such a job."""

LEASE_SECONDS = 15
LONGEST_SECONDS = 1200.0


@dataclass
class Stage:
    """What the jobs run on, and the runners; a fault takes a part of it away and puts it back."""

    server: postgres.Server
    head: Head
    node: RayNode
    directory: Path
    database: Database
    runners: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_runner(self) -> None:
        """Start a `nas worker` that joins the cluster."""
        environment = {
            "NAS_DATA_DIR": str(self.directory),
            "NAS_DATABASE_URL": self.server.url,
            "NAS_RAY_ADDRESS": self.head.address,
            "NAS_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        with (self.directory / "runners.log").open("ab") as log:
            self.runners.append(
                subprocess.Popen(
                    [sys.executable, "-m", "api.cli", "worker"],
                    env=os.environ | OWN_CLUSTER | environment,
                    stdout=log,
                    stderr=log,
                )
            )

    def submit(self, seed: int) -> str:
        """Queue a job that no earlier one answers."""
        with self.database.write() as session:
            return create_job(session, parse_job_spec(SMALL_JOB | {"seed": seed}), utc_now()).id

    def status(self, job_id: str) -> JobStatus:
        """Return a job's status."""
        with self.database.read() as session:
            return find_or_raise_job(session, job_id).status

    def is_active(self, job_id: str) -> bool:
        """Tell whether a job is not over."""
        return self.status(job_id).is_active

    def await_end(self, job_id: str) -> None:
        """Wait until a job is over; raises `TimeoutError`."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while self.is_active(job_id):
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not end within {LONGEST_SECONDS:g} s")
            time.sleep(0.1)

    def steps(self, job_id: str) -> int:
        """Return how many epochs are recorded, the winner's among them."""
        with self.database.read() as session:
            epochs = len(list_job_metrics(session, job_id))
            return epochs + find_or_raise_job(session, job_id).final_epoch

    def progress(self, job_id: str) -> tuple[object, ...]:
        """Return what changes whenever a job records something."""
        with self.database.read() as session:
            job = find_or_raise_job(session, job_id)
            ended = sum(trial.status.is_final for trial in list_trials(session, job_id))
            epochs = len(list_job_metrics(session, job_id))
            return (epochs, ended, job.final_epoch, job.status.is_active)

    @property
    def log(self) -> str:
        """The end of what the runners logged."""
        return (self.directory / "runners.log").read_text(errors="replace")[-4000:]

    def runner_of(self, job_id: str) -> psutil.Process | None:
        """Return the process of the runner that holds a job."""
        with self.database.read() as session:
            name = find_or_raise_job(session, job_id).runner
        return None if name is None else psutil.Process(int(name.split(":")[-2]))


def kill_runner(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Kill the runner; the other one is to take the job up."""
    runner = stage.runner_of(job_id)
    if runner is None:
        return False
    runner.kill()
    victim = next(each for each in stage.runners if each.pid == runner.pid)
    victim.wait()
    stage.runners.remove(victim)
    stage.add_runner()
    return True


def kill_worker(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Kill a process that trains."""
    processes = [*stage.head.workers(), *stage.node.workers()]
    if not processes:
        return False
    rng.choice(processes).kill()
    return True


def lose_node(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Kill a node with all that runs there; another one joins."""
    stage.node.kill()
    stage.node.start()
    return True


def lose_head(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Kill the head and the node, and start both again."""
    stage.head.kill()
    stage.node.kill()
    stage.head.start()
    stage.node.start()
    return True


def stop_database(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Stop the server at once, and start it again after up to 8 s."""
    stage.server.stop()
    time.sleep(rng.uniform(0, 8))
    stage.server.start()
    return True


def stop_database_for_long(stage: Stage, job_id: str, rng: random.Random) -> bool:
    """Stop the server at once, and start it again after 30 s."""
    stage.server.stop()
    time.sleep(30)
    stage.server.start()
    return True


FAULTS: dict[str, Callable[[Stage, str, random.Random], bool]] = {
    "runner": kill_runner,
    "worker": kill_worker,
    "node": lose_node,
    "head": lose_head,
    "database": stop_database,
    "database-30s": stop_database_for_long,
}


@contextmanager
def staged() -> Iterator[Stage]:
    """Start a server, a cluster of two nodes and two runners."""
    programs = postgres.find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed")
    with ExitStack() as stack:
        server = stack.enter_context(postgres.started_server(programs))
        head = stack.enter_context(running_head(cpus=1))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nas-faults-")))
        node = RayNode(directory, head.address)
        node.start()
        stack.callback(node.kill)
        upgrade_database(server.url)
        database = open_database(server.url).patient(120.0, lambda pause: bool(time.sleep(pause)))
        stage = Stage(server, head, node, directory, database)
        for _ in range(2):
            stage.add_runner()
        try:
            yield stage
        finally:
            for runner in stage.runners:
                runner.kill()
                runner.wait()
            database.close()
