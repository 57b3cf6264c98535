"""Where a job's time goes: what its runner and workers measured, phase by phase."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a trial passes through, in order; all but `ask` and `queue` once per epoch."""

    ASK = "ask"
    """The sampler proposes, once per proposal."""
    QUEUE = "queue"
    """The trial waits for a worker, and its first result for the runner."""
    TRAIN = "train"
    VALIDATE = "validate"
    RECORD = "record"
    """The result is written to the database and the sampler is told."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that a phase took, and how often it was passed through."""

    seconds: float = 0.0
    count: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.count + other.count)


class PhaseClock:
    """Adds up seconds by phase, and those that workers were busy; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[Phase, Spent] = {}
        self._busy_seconds = 0.0

    def add(self, phase: Phase, seconds: float) -> None:
        """Note that a phase was passed through."""
        self.put_back({phase: Spent(seconds, 1)})

    def add_busy(self, seconds: float) -> None:
        """Note that a worker was at work on a trial."""
        with self._lock:
            self._busy_seconds += seconds

    @contextmanager
    def measure(self, phase: Phase) -> Iterator[None]:
        """Add what passes until the end of the block, however that ends."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(phase, time.perf_counter() - started)

    def take(self) -> tuple[Mapping[Phase, Spent], float]:
        """Hand over what was added since the last time, and the busy seconds."""
        with self._lock:
            taken = self._spent, self._busy_seconds
            self._spent, self._busy_seconds = {}, 0.0
        return taken

    def put_back(self, spent: Mapping[Phase, Spent], busy_seconds: float = 0.0) -> None:
        """Add what was taken and could not be recorded."""
        with self._lock:
            for phase, more in spent.items():
                self._spent[phase] = self._spent.get(phase, Spent()) + more
            self._busy_seconds += busy_seconds
