"""Evaluators whose workers hang, die or dawdle; without torch, so that processes start soon."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

from nas.evaluation import EpochReport, Evaluator, TrialTask
from tests.nas.factories import new_report


@dataclass(frozen=True)
class FaultyEvaluator(Evaluator):
    """Lets trials hang, die once and be slow, by number, before their second epoch is reported."""

    inner: Evaluator
    hanging: int | None = None
    dying: int | None = None
    slow: int | None = None
    slow_seconds: float = 0.0

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        for report in self.inner.evaluate(task):
            if task.number == self.hanging and report.epoch == 2:
                hang()
            if task.number == self.dying and report.epoch == 2 and is_first_time(task):
                os.kill(os.getpid(), signal.SIGKILL)
            if task.number == self.slow:
                time.sleep(self.slow_seconds)
            yield report

    def release(self, task: TrialTask) -> None:
        self.inner.release(task)


class CountingEvaluator(Evaluator):
    """Reports as many epochs as it is asked, at once."""

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        for epoch in range(1, task.epochs + 1):
            yield new_report(epoch)


def hang() -> None:
    """Wait in C without letting go of the interpreter, so that no Python runs in this process."""
    while True:
        ctypes.PyDLL(None).sleep(1000)


def is_first_time(task: TrialTask) -> bool:
    marker = task.directory / "died"
    if marker.exists():
        return False
    marker.touch()
    return True
