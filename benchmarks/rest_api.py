"""How many requests the API answers: pages of trials, polled by many, beside a bare endpoint.

    python benchmarks/rest_api.py --trials 10000 --clients 50 --streams 500 [--database URL]

The service runs as its own process, as `nas serve` runs it. The bare endpoint is a FastAPI
application with one route that returns the same bytes, in the same kind of process. Clients are
sockets in this process, each of which sends its next request when the answer is there; both
servers are measured in turns, for the machine may be busy. Printed are requests per second,
requests per CPU second of the server, and percentiles of the time to an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
from api_load import follow, poll
from sqlalchemy import select

from nas.database import Database, open_database, upgrade_database
from nas.database.jobs import JobRow, create_job
from nas.database.trials import TrialRow
from nas.ids import new_id, utc_now
from nas.job import parse_job_spec
from nas.recipe import Recipe
from nas.samplers.base import generator
from nas.status import JobStatus, TrialStatus

BARE = """
from pathlib import Path
import sys
import uvicorn
from fastapi import FastAPI, Response
app = FastAPI()
body = Path(sys.argv[2]).read_bytes()
@app.get("/page")
async def page() -> Response:
    return Response(body, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", log_config=None)
"""


@dataclass(slots=True)
class Measured:
    """What some rounds of load came to."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        """Write one row of the table."""
        cuts = statistics.quantiles(self.latencies, n=1000, method="inclusive")
        p50, p95, p99 = (1000 * cuts[index] for index in (499, 949, 989))
        count = len(self.latencies)
        return (
            f"{name:34} {count / self.seconds:9.0f} {count / self.cpu_seconds:9.0f} "
            f"{p50:8.1f} {p95:8.1f} {p99:8.1f}"
        )


def main() -> None:
    """Fill a database, start both servers and print a table."""
    options = _options()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nas-api-")))
        url = options.database or f"sqlite:///{directory / 'nas.db'}"
        upgrade_database(url)
        database = open_database(url)
        stack.callback(database.close)
        job_id = fill(database, options.trials)
        service = stack.enter_context(_service(directory, url))
        page = f"/api/v1/jobs/{job_id}/trials?limit={options.limit}"
        content = httpx.get(f"{service.url}{page}", timeout=60).content
        (directory / "page.json").write_bytes(content)
        bare = stack.enter_context(_bare(directory / "page.json"))
        kind = database.engine.dialect.name
        print(
            f"{options.trials:,} trials on {kind}, {options.clients} clients, pages of "
            f"{options.limit} trials, {len(content):,} bytes; {os.cpu_count()} cores"
        )
        heading = f"{'':34} {'req/s':>9} {'req/CPUs':>9} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}"
        print(heading)
        asyncio.run(_measure(options, database, job_id, service, bare, page))


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load."""

    url: str
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU time so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


async def _measure(
    options: argparse.Namespace,
    database: Database,
    job_id: str,
    service: Server,
    bare: Server,
    page: str,
) -> None:
    clients, seconds, pause = options.clients, options.seconds, options.pause
    ours, plain = Measured(), Measured()
    for _ in range(options.rounds):
        await _round(plain, bare, ["/page"], clients, seconds)
        await _round(ours, service, [page], clients, seconds)
    print(plain.line("bare endpoint, as fast as it goes"))
    print(ours.line("trials, as fast as it goes"))
    rate = len(ours.latencies) / ours.seconds / (len(plain.latencies) / plain.seconds)
    work = len(ours.latencies) / ours.cpu_seconds / (len(plain.latencies) / plain.cpu_seconds)
    print(f"ratio to the bare endpoint: {rate:.2f} by the clock, {work:.2f} by CPU time")
    sorted_pages = [
        f"{page}&sort={sort}{where}"
        for sort in ("-accuracy", "loss", "-number", "params", "latency_ms")
        for where in ("", "&where=accuracy>=0.5", "&status=completed")
    ]
    for name, paths, writes in (
        ("polled", [page], 0.0),
        ("polled, 15 orders and filters", sorted_pages, 0.0),
        ("polled, 5 writes a second", [page], 5.0),
    ):
        polled = Measured()
        writer = asyncio.create_task(_write(database, job_id, writes)) if writes else None
        await _round(polled, service, paths, clients, 2 * seconds, pause)
        if writer is not None:
            writer.cancel()
        print(polled.line(f"{name}, {1 / pause:.0f} a second each"))
    await _hold_streams(options.streams, database, job_id, service)


async def _round(
    measured: Measured,
    server: Server,
    paths: list[str],
    clients: int,
    seconds: float,
    pause: float = 0.0,
) -> None:
    before, began = server.cpu_seconds(), time.perf_counter()
    found = await asyncio.gather(
        *(
            poll(server.port, paths[number % len(paths)], seconds, pause, number / clients)
            for number in range(clients)
        )
    )
    measured.seconds += time.perf_counter() - began
    measured.cpu_seconds += server.cpu_seconds() - before
    measured.latencies += [each for latencies in found for each in latencies]


async def _write(database: Database, job_id: str, per_second: float) -> None:
    """Change a trial so many times a second, as a running job does."""
    number = 0
    while True:
        await asyncio.sleep(1 / per_second)
        await asyncio.to_thread(_touch, database, job_id, number)
        number += 1


def _touch(database: Database, job_id: str, number: int) -> None:
    with database.write() as session:
        wanted = select(TrialRow).where(TrialRow.job_id == job_id, TrialRow.number == number)
        trial = session.scalars(wanted).one()
        trial.train_seconds = time.time()


async def _hold_streams(count: int, database: Database, job_id: str, service: Server) -> None:
    """Hold streams of events, and time how long a change takes to reach all of them."""
    with database.read() as session:
        after = session.get_one(JobRow, job_id).last_event_id
    path = f"/api/v1/jobs/{job_id}/events?after={after}"
    followers = [await follow(service.port, path) for _ in range(count)]
    await asyncio.sleep(1)
    delays = []
    for number in range(5):
        began = time.perf_counter()
        await asyncio.to_thread(_touch, database, job_id, number)
        await asyncio.gather(*(asyncio.wait_for(each.next_event(), 30) for each in followers))
        delays.append(time.perf_counter() - began)
        await asyncio.sleep(0.3)
    page = Measured()
    await _round(page, service, [f"/api/v1/jobs/{job_id}"], 5, 3, 0.2)
    held = sum(not each.is_closed for each in followers)
    memory = service.process.memory_info().rss / 2**20
    print(
        f"{held} of {count} streams of events held; a change reached all of them after "
        f"{1000 * statistics.median(delays):.0f} ms (median of {len(delays)}); {memory:.0f} MiB"
    )
    print(page.line("GET /jobs/{id} meanwhile"))
    for each in followers:
        each.close()


def fill(database: Database, trials: int) -> str:
    """Put a job of so many trials into the database, each with an architecture of usual size."""
    spec = parse_job_spec(
        {"space": "cell", "sampler": "random", "dataset": "digits", "trials": trials}
    )
    space = spec.new_space()
    recipe = Recipe().model_dump(mode="json")
    architectures = [
        space.sample(generator(0, number)).model_dump(mode="json") for number in range(50)
    ]
    now = utc_now()
    with database.write() as session:
        job = create_job(session, spec, now)
        job.status = JobStatus.RUNNING
        job.lease_expires_at = now + timedelta(days=1)
        rng = generator(0, trials)
        for number in range(trials):
            accuracy = float(rng.random())
            session.add(
                TrialRow(
                    id=new_id(),
                    job_id=job.id,
                    number=number,
                    status=TrialStatus.COMPLETED if number % 10 else TrialStatus.FAILED,
                    architecture_json=architectures[number % len(architectures)],
                    architecture_hash=f"{number:064d}",
                    evaluation_key="0" * 64,
                    recipe_json=recipe,
                    seed=0,
                    budget=5,
                    epochs_done=5,
                    params=1000 + int(rng.integers(10**6)),
                    macs=int(rng.integers(10**9)),
                    accuracy=accuracy,
                    loss=float(rng.random()),
                    reward=accuracy,
                    figures_json={"latency_ms": float(rng.random()), "depth": 12.0},
                    train_seconds=1.0,
                    started_at=now,
                    finished_at=now,
                )
            )
    return job.id


def _service(directory: Path, url: str) -> AbstractContextManager[Server]:
    port = _free_port()
    arguments = ["-m", "api.cli", "serve", "--no-runner", "--port", str(port)]
    environment = {"NAS_DATA_DIR": str(directory), "NAS_DATABASE_URL": url}
    return _running(port, "/readyz", arguments, environment)


def _bare(page: Path) -> AbstractContextManager[Server]:
    port = _free_port()
    return _running(port, "/page", ["-c", BARE, str(port), str(page)], {})


@contextmanager
def _running(
    port: int, path: str, arguments: list[str], environment: dict[str, str]
) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, *arguments], env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                if httpx.get(url + path).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Server(url, port, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=1.0, help="between a client's polls")
    parser.add_argument("--database", help="URL of an empty database; default: SQLite")
    return parser.parse_args()


if __name__ == "__main__":
    main()
