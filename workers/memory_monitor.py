"""Workers that Ray's memory monitor ended because their node had little memory left.

Its message is all that tells them from workers that died otherwise; those that the kernel ended
leave nothing that would (https://docs.ray.io/en/latest/ray-core/scheduling/ray-oom-prevention.html).
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution.tune_controller import TuneController

from nas.evaluation import TrialTask
from workers.training.memory import half_batches, twice_short

_LOG = logging.getLogger(__name__)
_KILLED = "killed due to the node running low on memory"
_USED = re.compile(r"Selected to kill: .*?actual memory used=([\d.]+)GB", re.DOTALL)


def bytes_at_kill(message: str) -> int | None:
    """Return what a worker had in use when the monitor ended it, None where it did not."""
    if _KILLED not in message:
        return None
    used = _USED.search(message)
    return 0 if used is None else int(float(used[1]) * (1 << 30))


def with_half_batches_after_kill(task: TrialTask, memory_bytes: int) -> TrialTask:
    """Return the task as it is to be tried again, from its checkpoint, with half its batch.

    Raises:
        TrialInfeasibleError: It had come down to half its batch before.
    """
    reason = f"out of memory: Ray's memory monitor ended its worker at {memory_bytes:,} bytes"
    if task.shortage is not None:
        raise twice_short(task, task.shortage, reason, memory_bytes)
    shortage = half_batches(task, memory_bytes)
    _LOG.warning("trial %d: %s; half its batch is tried", task.number, reason)
    return replace(task, shortage=shortage)


def let_tune_survive_kills(controller: TuneController) -> None:
    """Let a controller take a worker that the monitor ended for one that died, as it does others.

    Tune 2.60 knows `RayActorError` alone; at `OutOfMemoryError` it would give up the whole run.
    """
    manager: Any = controller._actor_manager
    take_failure = manager._actor_task_failed

    def take(tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=str(exception))
        take_failure(tracked_actor_task, exception)

    manager._actor_task_failed = take
