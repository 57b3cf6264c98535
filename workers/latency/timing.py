"""Timing a call on a device: warm-up, then the median of repeats."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

WARM_UP_SECONDS = 0.02
LEAST_WARM_UP = 3
LEAST_REPEATS = 11
MOST_REPEATS = 200
_LEAST_SAMPLE_SECONDS = 1e-4
"""Shorter calls are timed several at once: a clock takes a share of a microsecond to read."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one call: the median of `repeats` and their quartiles."""

    median_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    repeats: int


def time_call(call: Callable[[], object], device: torch.device, seconds: float = 0.25) -> Timing:
    """Time a call, for about `seconds` in all.

    On a CPU by the clock; where torch has one thread, by this thread's own, which stands still
    while another process has the core. On a GPU by events on the stream, so that the work is timed
    and not its submission; what is slower to submit than to carry out shows as well, since the
    device waits. A median leaves out what else was disturbed.
    """
    calls = _warm_up(call, device)
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    sample = _sample_on_gpu if device.type == "cuda" else partial(_sample_on_cpu, clock)
    samples: list[float] = []
    ends = time.perf_counter() + seconds
    while len(samples) < LEAST_REPEATS or (
        len(samples) < MOST_REPEATS and time.perf_counter() < ends
    ):
        samples.append(sample(call, calls))
    lower, median, upper = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, lower, upper, len(samples))


def _warm_up(call: Callable[[], object], device: torch.device) -> int:
    """Call until caches, allocators and clocks have settled; returns the calls in a sample."""
    _synchronize(device)
    started, count = time.perf_counter(), 0
    while count < LEAST_WARM_UP or time.perf_counter() - started < WARM_UP_SECONDS:
        call()
        count += 1
    _synchronize(device)
    each = (time.perf_counter() - started) / count
    return max(1, round(_LEAST_SAMPLE_SECONDS / each))


def _sample_on_cpu(clock: Callable[[], float], call: Callable[[], object], calls: int) -> float:
    started = clock()
    for _ in range(calls):
        call()
    return 1000 * (clock() - started) / calls


def _sample_on_gpu(call: Callable[[], object], calls: int) -> float:
    start = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    start.record()
    for _ in range(calls):
        call()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / calls


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
