"""Calling one function for several names on the cluster, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
) -> Iterator[Outcome[T]]:
    """Call `function(name, *arguments)` for each name and yield what ends, as it ends.

    The calls run on the connected cluster, on a core each.
    A call that raises, or whose process dies, ends with its reason. Once `should_stop()` says so,
    the calls under way are ended and nothing more is yielded.
    """
    if not names:
        return
    import ray
    from ray.exceptions import RayError, RayTaskError

    # Never anew: Ray would repeat without end a call that takes more memory than there is.
    task = ray.remote(num_cpus=1, max_retries=0)(function)
    shared = [ray.put(argument) for argument in arguments]
    name_of = {task.remote(name, *shared): name for name in names}
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
                    yield Outcome(name, error=f"its worker process died: {type(error).__name__}")
    finally:
        for reference in name_of:
            ray.cancel(reference, force=True)
