from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil

from api.cli.kept_running import kept_running

PROGRAM = """
import os, pathlib, sys, time
path = pathlib.Path(sys.argv[1]) / f"{time.time_ns()}"
path.with_suffix(".new").write_text(str(os.getpid()))
path.with_suffix(".new").rename(path.with_suffix(".pid"))
time.sleep(600)
"""


def pids(directory: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 60
    while len(found := sorted(directory.glob("*.pid"))) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} processes were started"
        time.sleep(0.05)
    return [int(path.read_text()) for path in found]


def test_process_that_is_killed_is_started_anew_and_ended_with_the_block(tmp_path, caplog):
    command = [sys.executable, "-S", "-c", PROGRAM, str(tmp_path)]
    with kept_running(command, os.environ, end_seconds=10):
        (first,) = pids(tmp_path, 1)
        os.kill(first, signal.SIGKILL)
        second = pids(tmp_path, 2)[1]
        assert psutil.pid_exists(second)
    assert not psutil.pid_exists(second)
    assert "the runner ended with -9; it is started anew in 1 s" in caplog.text
