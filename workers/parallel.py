"""Calling one function for several names on the cluster, side by side."""

from __future__ import annotations

import faulthandler
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workers.cluster import cancel_task, require_cluster

T = TypeVar("T")
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a call came to: a value, or why there is none."""

    name: str
    value: T | None = None
    error: str | None = None


def call_each(
    function: Callable[..., T],
    names: Sequence[str],
    arguments: tuple[Any, ...],
    *,
    should_stop: Callable[[], bool],
    timeout_seconds: float | None = None,
) -> Iterator[Outcome[T]]:
    """Call `function(name, *arguments)` for each name and yield what ends, as it ends.

    The calls run on the connected cluster, on a core each.
    A call that raises, or takes longer than `timeout_seconds`, or whose process dies, ends with its
    reason. Once `should_stop()` says so,
    the calls under way are ended and nothing more is yielded.

    Raises:
        ClusterLostError: The cluster is gone.
    """
    if not names:
        return
    import ray
    from ray.exceptions import RayError, RayTaskError

    # Never anew: Ray would repeat without end a call that takes more memory than there is.
    task: Any = ray.remote(num_cpus=1, max_retries=0)(_call_in_time)
    shared = [ray.put(argument) for argument in arguments]
    started = time.monotonic()
    name_of = {task.remote(timeout_seconds, function, name, *shared): name for name in names}
    try:
        while name_of and not should_stop():
            ended, _ = ray.wait(list(name_of), timeout=_LOOK_SECONDS)
            for reference in ended:
                name = name_of.pop(reference)
                try:
                    yield Outcome(name, ray.get(reference))
                except RayTaskError as error:
                    yield Outcome(name, error=f"{type(error.cause).__name__}: {error.cause}")
                except RayError as error:
                    require_cluster()
                    reason = f"its worker process died: {type(error).__name__}"
                    if timeout_seconds and time.monotonic() - started >= timeout_seconds:
                        reason += f", as it does after {timeout_seconds:g} s"
                    yield Outcome(name, error=reason)
    finally:
        for reference in name_of:
            cancel_task(reference)


def _call_in_time(
    seconds: float | None, function: Callable[..., T], name: str, *arguments: Any
) -> T:
    """Call a function in a worker process, which ends where that takes longer, whatever hangs."""
    if seconds is None:
        return function(name, *arguments)
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.stderr)
    try:
        return function(name, *arguments)
    finally:
        faulthandler.cancel_dump_traceback_later()
