"""Retraining the winner on the cluster, an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import ray

from nas.datasets import AnyData
from nas.evaluation import TrialTask
from workers.distributed import run_together
from workers.placement import TrialShare
from workers.training.acceleration import Acceleration
from workers.training.evaluator import FinalProgress, FinalTraining
from workers.training.parallel import ParallelTraining


class _FinalTrainingActor:
    """Steps through a `FinalTraining`, so that its driver can look on and stop it."""

    def __init__(self, data: AnyData, task: TrialTask, acceleration: Acceleration) -> None:
        self._progress = FinalTraining(data, acceleration).run(task)

    def advance(self) -> FinalProgress:
        """Run one epoch, or the test at last."""
        return next(self._progress)


def retrain(
    data: AnyData, task: TrialTask, share: TrialShare, acceleration: Acceleration
) -> Iterator[FinalProgress]:
    """Retrain on the connected cluster; the last item carries the test."""
    if share.workers > 1:
        yield from run_together(partial(_train_together, data, task, acceleration), share)
        return
    remote_class: Any = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus)(_FinalTrainingActor)
    actor = remote_class.remote(data, task, acceleration)
    try:
        while True:
            progress: FinalProgress = ray.get(actor.advance.remote())
            yield progress
            if progress.test is not None:
                return
    finally:
        ray.kill(actor)


def _train_together(
    data: AnyData, task: TrialTask, acceleration: Acceleration
) -> Iterator[FinalProgress]:
    return FinalTraining(data, acceleration, ParallelTraining).run(task)
