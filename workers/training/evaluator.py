"""The evaluators that train: for a trial of the search, and for the winner at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from nas.datasets import AnyData, train_and_validation
from nas.evaluation import EpochReport, Evaluator, Metrics, TrialTask
from nas.provenance import Environment
from nas.shortage import MemoryShortage
from workers.cluster import may_use_gpu
from workers.training.acceleration import DEFAULT_ACCELERATION, Acceleration, denormals_as_zero
from workers.training.candidate import CandidateTraining
from workers.training.checkpoint import (
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from workers.training.data import TrainingImages
from workers.training.memory import memory_errors_named
from workers.training.streaming import open_images

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingEvaluator(Evaluator):
    """Trains on the training split and measures on the validation split after each epoch."""

    data: AnyData
    acceleration: Acceleration = DEFAULT_ACCELERATION
    training: type[CandidateTraining] = CandidateTraining

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield a report after each epoch; leaves weights and checkpoint in `task.directory`."""
        with memory_errors_named():
            device = pick_device()
            train = open_images(self.data.train, device)
            training = _start(self.training, task, train, device, self.acceleration)
            validation = open_images(self.data.validation, device)
            reports = _resume(task, training)
            yield from reports[task.epochs_recorded :]
            while training.epoch < task.epochs:
                train_loss, seconds = _timed_epoch(training)
                started = time.perf_counter()
                metrics = training.evaluate(validation)
                validated = time.perf_counter() - started
                reports.append(EpochReport(training.epoch, metrics, train_loss, seconds, validated))
                if training.is_leader and training.epoch == task.epochs:
                    save_weights(task.directory, training.measured_model)
                if training.is_leader:
                    save_checkpoint(task.directory, training.state(), reports)
                yield reports[-1]

    def environment(self) -> Environment:
        """Describe this process and the device that it trains on."""
        return _environment_on(pick_device())

    def release(self, task: TrialTask) -> None:
        """Remove the checkpoint; the weights stay."""
        drop_checkpoint(task.directory)


@dataclass(frozen=True, slots=True)
class FinalProgress:
    """How far the winner's training is; `test` comes once, after the last epoch."""

    epoch: int
    test: Metrics | None = None
    environment: Environment | None = None
    shortage: MemoryShortage | None = None


@dataclass(frozen=True)
class FinalTraining:
    """Trains the winner on training and validation images, then measures it once on test images."""

    data: AnyData
    acceleration: Acceleration = DEFAULT_ACCELERATION
    training: type[CandidateTraining] = CandidateTraining

    def run(self, task: TrialTask) -> Iterator[FinalProgress]:
        """Yield progress after each epoch and the test at last; leaves weights and checkpoint."""
        with memory_errors_named():
            device = pick_device()
            joined = open_images(train_and_validation(self.data), device)
            training = _start(self.training, task, joined, device, self.acceleration)
            _resume(task, training)
            while training.epoch < task.epochs:
                training.run_epoch()
                if training.is_leader:
                    save_checkpoint(task.directory, training.state(), [])
                yield FinalProgress(training.epoch)
            if training.is_leader:
                save_weights(task.directory, training.measured_model)
            with training.in_single_precision():
                test = training.evaluate(open_images(self.data.test, device))
            yield FinalProgress(training.epoch, test, _environment_on(device))


def _environment_on(device: torch.device) -> Environment:
    is_gpu = device.type == "cuda"
    return Environment.of_this_process(torch.cuda.get_device_name(device) if is_gpu else "cpu")


def pick_device() -> torch.device:
    """Return the GPU that Ray gave this process, else the CPU."""
    return torch.device("cuda" if may_use_gpu() and torch.cuda.is_available() else "cpu")


@denormals_as_zero()
def _start(
    kind: type[CandidateTraining],
    task: TrialTask,
    images: TrainingImages,
    device: torch.device,
    acceleration: Acceleration,
) -> CandidateTraining:
    return kind(
        task.architecture,
        task.input_shape,
        task.num_classes,
        images=images,
        recipe=task.recipe,
        epochs=task.epochs,
        seed=task.seed,
        device=device,
        acceleration=acceleration,
    )


def _resume(task: TrialTask, training: CandidateTraining) -> list[EpochReport]:
    """Continue from a checkpoint, if there is one; returns the reports made before.

    It is the task's own, or else that of a shorter training of the same candidate.
    """
    found = training.agreed(_stored(task, training) if training.is_leader else None)
    if found is None:
        return []
    state, reports = found
    training.restore(state)
    return reports


def _stored(
    task: TrialTask, training: CandidateTraining
) -> tuple[dict[str, Any], list[EpochReport]] | None:
    for directory in (task.directory, task.resume_from):
        found = None if directory is None else load_checkpoint(directory, training.device)
        if found is not None and found[0]["epoch"] <= task.epochs:
            _LOG.info("goes on after epoch %d from %s", found[0]["epoch"], directory)
            return found
    return None


def _timed_epoch(training: CandidateTraining) -> tuple[float, float]:
    started = time.perf_counter()
    loss = training.run_epoch()
    return loss, time.perf_counter() - started
