"""Retraining the winner on the cluster, an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ray

from nas.datasets import ImageData
from nas.evaluation import TrialTask
from workers.training.evaluator import FinalProgress, FinalTraining


class _FinalTrainingActor:
    """Steps through a `FinalTraining`, so that its driver can look on and stop it."""

    def __init__(self, data: ImageData, task: TrialTask) -> None:
        self._progress = FinalTraining(data).run(task)

    def advance(self) -> FinalProgress:
        """Run one epoch, or the test at last."""
        return next(self._progress)


def retrain(data: ImageData, task: TrialTask, cpus: float, gpus: float) -> Iterator[FinalProgress]:
    """Retrain on the connected cluster; the last item carries the test."""
    remote_class: Any = ray.remote(num_cpus=cpus, num_gpus=gpus)(_FinalTrainingActor)
    actor = remote_class.remote(ray.put(data), task)
    try:
        while True:
            progress: FinalProgress = ray.get(actor.advance.remote())
            yield progress
            if progress.test is not None:
                return
    finally:
        ray.kill(actor)
