"""Run docker-compose.yml without an engine: its own commands and environments, as processes.

    python -m deploy.as_processes [--profile cpu] [--keep]

Read from the file and obeyed: commands, environments with their `${VARIABLES}`, profiles,
`depends_on` with its conditions, health checks, and restarts. Where containers differ from
processes of one machine, it translates: `service:port` and a service's own exposed port become a
free port of loopback, a volume's mount point a directory, and the image `postgres` a server of
this machine's PostgreSQL with the user, database and password that the environment names. Limits
and devices are an engine's and are left out.

As a program it runs a small job over what it started, and prints what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.compose_file import (
    COMPOSE_FILE,
    ROOT,
    ComposeError,
    in_order,
    of_profiles,
    read_services,
)

SECONDS_TO_BE_READY = 120
SECONDS_TO_STOP = 30
SMALL_JOB = {
    "space": "cell",
    "space_options": {"filters": 4, "blocks": 2},
    "sampler": "random",
    "dataset": "digits",
    "trials": 2,
    "epochs": 1,
    "final_epochs": 1,
}


@dataclass
class Stack:
    """The services of a compose file as processes of this machine, all files in `directory`."""

    services: dict[str, dict[str, Any]]
    directory: Path
    ports: dict[tuple[str, str], int] = field(init=False)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.ports = {
            (name, str(port)): _free_port()
            for name, service in self.services.items()
            for port in service.get("expose", [])
        }

    @property
    def api_url(self) -> str:
        """Where the API is served."""
        return f"http://127.0.0.1:{self.ports['api', '8000']}"

    def log(self, name: str) -> str:
        """Return what a service has written so far."""
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def start(self, name: str) -> None:
        """Start a service once those that it depends on are as far as it wants them."""
        service = self.services[name]
        for needed, wish in service.get("depends_on", {}).items():
            self._await(needed, wish["condition"])
        self._launch(name)

    def restart_ended(self) -> None:
        """Start anew what ended though its policy is `unless-stopped`, as an engine does."""
        while not self._stopping.wait(1.0):
            for name, process in list(self.processes.items()):
                if self.services[name].get("restart") == "unless-stopped" and process.poll():
                    _kill_group(process.pid)
                    self._launch(name)

    def _launch(self, name: str) -> None:
        service = self.services[name]
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [self._translated(name, word) for word in service["command"]],
                env=self._environment(name),
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that all it started is stopped with it
            )

    def await_healthy(self, name: str) -> None:
        """Wait until a service's own health check succeeds."""
        test: list[str] = self.services[name]["healthcheck"]["test"]
        words = ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]
        command = [self._translated(name, word) for word in words]
        deadline = time.monotonic() + SECONDS_TO_BE_READY
        while time.monotonic() < deadline:
            process = self.processes.get(name)
            if process is not None and process.poll() is not None:
                raise ComposeError(f"{name} ended with {process.returncode}:\n{self.log(name)}")
            done = subprocess.run(command, env=self._environment(name), capture_output=True)
            if done.returncode == 0:
                return
            time.sleep(0.2)
        raise ComposeError(f"{name} was not healthy after {SECONDS_TO_BE_READY} s")

    def stop(self) -> None:
        """End all services, those started last first, and what is left of their processes."""
        self._stopping.set()
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for process in self.processes.values():
            _kill_group(process.pid)

    def _await(self, name: str, condition: str) -> None:
        if condition == "service_healthy":
            self.await_healthy(name)
        elif condition == "service_completed_successfully":
            code = self.processes[name].wait(SECONDS_TO_BE_READY)
            if code != 0:
                raise ComposeError(f"{name} ended with {code}:\n{self.log(name)}")
        elif condition != "service_started":
            raise ComposeError(f"{name}: unknown condition {condition!r}")

    def _environment(self, name: str) -> dict[str, str]:
        given = {
            key: self._translated(name, str(value))
            for key, value in self.services[name].get("environment", {}).items()
        }
        programs = f"{Path(sys.executable).parent}:{_postgres_programs()}:{os.environ['PATH']}"
        outside = {
            "PATH": programs,
            "HOME": str(self.directory),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            # Apart from any other cluster of this machine.
            "RAY_TMPDIR": str(self.directory / "ray"),
        }
        if ("database", "5432") in self.ports:
            outside |= {"PGHOST": "127.0.0.1", "PGPORT": str(self.ports["database", "5432"])}
        return outside | given

    def _translated(self, name: str, text: str) -> str:
        for (service, port), free in self.ports.items():
            text = re.sub(rf"\b{re.escape(service)}:{port}\b", f"127.0.0.1:{free}", text)
            if service == name:
                text = re.sub(rf"(?<![\w.]){port}\b", str(free), text)
        text = text.replace("0.0.0.0", "127.0.0.1")
        for volume in self.services[name].get("volumes", []):
            source, target = volume.split(":")[:2]
            text = re.sub(
                rf"^{re.escape(target)}(?=/|$)", str(self.directory / "volumes" / source), text
            )
        return text


@contextmanager
def running(
    directory: Path, variables: Mapping[str, str], profiles: frozenset[str] = frozenset({"cpu"})
) -> Iterator[Stack]:
    """Start all services of the profiles, yield them once the API is ready, and stop them."""
    services = of_profiles(read_services(COMPOSE_FILE, variables), profiles)
    stack = Stack(services, directory)
    (directory / "ray").mkdir()
    with ExitStack() as cleanup:
        cleanup.callback(stack.stop)
        for name in in_order(services):
            if services[name]["image"].startswith("postgres:"):
                cleanup.enter_context(_postgres(stack, name))
            else:
                stack.start(name)
        threading.Thread(target=stack.restart_ended, name="restarts", daemon=True).start()
        stack.await_healthy("api")
        yield stack


@contextmanager
def _postgres(stack: Stack, name: str) -> Iterator[None]:
    """Run what the image does: a server with one user, who needs the password, and a database."""
    environment = stack.services[name]["environment"]
    user, password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
    account = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="nas-postgres-") as home:
        secret = Path(home) / "password"
        secret.write_text(password)
        if account is not None:
            shutil.chown(home, account)
            shutil.chown(secret, account)

        def call(program: str, *arguments: str, **more: str) -> None:
            subprocess.run(
                [str(_postgres_programs() / program), *arguments],
                user=account,
                cwd=home,
                env=stack._environment(name) | more,
                check=True,
                stdout=subprocess.DEVNULL,
            )

        data, port = f"{home}/data", stack.ports[name, "5432"]
        call(
            *("initdb", "-D", data, "-U", user, "--auth", "scram-sha-256"),
            *("--pwfile", str(secret), "--no-sync"),
        )
        options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off"
        call("pg_ctl", "start", "-D", data, "-w", "-o", options, "-l", f"{home}/log")
        try:
            call("createdb", "-U", user, environment["POSTGRES_DB"], PGPASSWORD=password)
            yield
        finally:
            call("pg_ctl", "stop", "-D", data, "-w", "-m", "immediate")


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    if not found and on_path is None:
        raise ComposeError("PostgreSQL is not installed: no pg_ctl")
    return Path(on_path).resolve().parent if on_path else found[-1].parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _request(url: str, content: Mapping[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        url,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def main() -> int:
    """Run a small job over the services, or keep them until interrupted."""
    parser = argparse.ArgumentParser(description="Run docker-compose.yml as processes.")
    parser.add_argument("--profile", action="append", default=[])
    parser.add_argument("--keep", action="store_true", help="stay up until Ctrl-C")
    chosen = parser.parse_args()
    variables = {"POSTGRES_PASSWORD": os.urandom(16).hex()} | os.environ
    profiles = frozenset(chosen.profile or ["cpu"])
    with (
        tempfile.TemporaryDirectory(prefix="nas-up-") as directory,
        running(Path(directory), variables, profiles) as stack,
    ):
        print(f"{', '.join(stack.processes)} run; API and dashboard: {stack.api_url}/", flush=True)
        if chosen.keep:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            return 0
        job = _request(f"{stack.api_url}/api/v1/jobs", SMALL_JOB)
        while job["status"] not in ("completed", "failed", "stopped"):
            time.sleep(0.5)
            job = _request(f"{stack.api_url}/api/v1/jobs/{job['id']}")
        print(json.dumps({key: job[key] for key in ("id", "status", "error", "test_accuracy")}))
        return 0 if job["status"] == "completed" else 1


if __name__ == "__main__":
    sys.exit(main())
