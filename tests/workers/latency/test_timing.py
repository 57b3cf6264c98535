from __future__ import annotations

import time

import torch

from tests.workers.training.factories import CPU
from workers.latency.conditions import threads_set
from workers.latency.timing import LEAST_REPEATS, LEAST_WARM_UP, time_call


def test_median_passes_over_calls_that_were_held_up():
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.05 if calls % 4 == 0 else 0.002)

    with threads_set(2):
        timing = time_call(call, CPU, seconds=0.1)
    assert calls >= LEAST_WARM_UP + LEAST_REPEATS
    assert timing.repeats >= LEAST_REPEATS
    assert 2 <= timing.lower_quartile_ms <= timing.median_ms < 50


def test_one_threads_clock_stands_still_while_it_waits():
    with threads_set(1):
        assert time_call(lambda: time.sleep(0.02), CPU, seconds=0.01).median_ms < 15


def test_call_of_many_microseconds_is_timed_by_itself_and_a_short_one_is_not():
    small = torch.ones(1)
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        small.add(1)

    timing = time_call(call, CPU, seconds=0.01)
    assert calls > 2 * timing.repeats
    assert 0 < timing.median_ms < 1
