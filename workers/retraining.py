"""Retraining the winner on the cluster, an epoch at a time, with the care that trials get.

A worker that dies is started anew and goes on from the checkpoint; memory that does not suffice is
done with by half the batch, once; an epoch that does not end is ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from nas.datasets import AnyData
from nas.errors import NasError, TrialFailedError
from nas.evaluation import TrialTask
from workers.cluster import end_actor, require_cluster
from workers.distributed import run_together
from workers.memory_monitor import bytes_at_kill, with_half_batches_after_kill
from workers.placement import TrialShare
from workers.training.acceleration import Acceleration
from workers.training.evaluator import FinalProgress, FinalTraining
from workers.training.memory import with_half_batches
from workers.training.parallel import ParallelTraining
from workers.tuning import WORKER_RESTARTS

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


class _FinalTrainingActor:
    """Steps through the winner's training, so that its driver can look on and stop it."""

    def __init__(
        self, train: Callable[[TrialTask], Iterator[FinalProgress]], task: TrialTask
    ) -> None:
        self._progress = with_half_batches(train, task)

    def advance(self) -> FinalProgress:
        """Run one epoch, or the test at last."""
        return next(self._progress)


def retrain(
    data: AnyData,
    task: TrialTask,
    share: TrialShare,
    acceleration: Acceleration,
    timeout_seconds: float | None = None,
) -> Iterator[FinalProgress]:
    """Retrain on the connected cluster; the last item carries the test.

    Raises:
        TrialInfeasibleError: Memory does not hold half a batch either.
        TrialFailedError: An epoch took longer than `timeout_seconds`, or the worker died too often.
        ClusterLostError: The cluster is gone.
    """
    train: Callable[[TrialTask], Iterator[FinalProgress]]
    if share.workers > 1:  # which take their room through Ray Train
        train, cpus, gpus = partial(_train_together, data, share, acceleration), 0.0, 0.0
    else:
        train, cpus, gpus = FinalTraining(data, acceleration).run, share.cpus, share.gpus
    remote_class: Any = ray.remote(num_cpus=cpus, num_gpus=gpus)(_FinalTrainingActor)
    deaths = 0
    while True:
        try:
            yield from _driven(remote_class.remote(train, task), timeout_seconds)
        except RayError as error:
            require_cluster()
            memory_bytes = bytes_at_kill(str(error))
            if memory_bytes is not None:
                task = with_half_batches_after_kill(task, memory_bytes)
                continue
            deaths += 1
            if deaths > WORKER_RESTARTS:
                raise TrialFailedError(
                    f"the winner's worker process died {deaths} times"
                ) from error
            _LOG.warning("the winner's worker process died; it goes on from its checkpoint")
        else:
            return


def _driven(actor: Any, timeout_seconds: float | None) -> Iterator[FinalProgress]:
    """Ask an actor for one item after the other, and end it at last."""
    try:
        while True:
            progress = _awaited(actor.advance.remote(), timeout_seconds)
            yield progress
            if progress.test is not None:
                return
    finally:
        end_actor(actor)


def _awaited(reference: Any, timeout_seconds: float | None) -> FinalProgress:
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while not ray.wait([reference], timeout=_LOOK_SECONDS)[0]:
        if deadline is not None and time.monotonic() > deadline:
            raise TrialFailedError(
                f"the winner's training timed out after {timeout_seconds:g} s without an epoch"
            )
    try:
        progress: FinalProgress = ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, NasError):
            raise error.cause from error
        raise TrialFailedError(
            f"the winner's training failed: {type(error.cause).__name__}: {error.cause}"
        ) from error
    return progress


def _train_together(
    data: AnyData, share: TrialShare, acceleration: Acceleration, task: TrialTask
) -> Iterator[FinalProgress]:
    return run_together(partial(_train_one, data, task, acceleration), share)


def _train_one(
    data: AnyData, task: TrialTask, acceleration: Acceleration
) -> Iterator[FinalProgress]:
    return FinalTraining(data, acceleration, ParallelTraining).run(task)
