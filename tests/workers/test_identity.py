from __future__ import annotations

import os
import socket
import subprocess
import sys

from workers.identity import is_gone, runner_name

SAY_NAME = "from workers.identity import runner_name as n; print(n(), flush=True); input()"


def test_own_name_tells_host_and_process_and_is_not_gone():
    host, pid, _ = runner_name().rsplit(":", 2)
    assert (host, int(pid)) == (socket.gethostname(), os.getpid())
    assert runner_name() == runner_name()
    assert not is_gone(runner_name())


def test_runner_is_gone_once_its_process_has_been_killed():
    process = subprocess.Popen(
        [sys.executable, "-c", SAY_NAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    name = process.stdout.readline().strip()
    assert not is_gone(name)
    process.kill()
    process.wait()
    assert is_gone(name)
    process.stdin.close()
    process.stdout.close()


def test_later_process_of_the_same_pid_is_another_runner():
    host, pid, start = runner_name().rsplit(":", 2)
    assert is_gone(f"{host}:{pid}:{float(start) - 100:.2f}")


def test_nothing_is_said_of_another_hosts_runner():
    _, pid, start = runner_name().rsplit(":", 2)
    assert not is_gone(f"elsewhere:{pid}:{float(start) - 100:.2f}")
    assert not is_gone("elsewhere:999999999:1.00")
