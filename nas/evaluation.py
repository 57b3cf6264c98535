"""The contract between the search and whatever evaluates a candidate.

The life of an evaluation, told in order:

1. The search loop makes a `TrialTask`: plain values that travel to another process.
2. The process calls `Evaluator.evaluate(task)` and iterates. Each item is an `EpochReport`.
3. An evaluator that keeps checkpoints finds, under `task.directory`, where an interrupted
   evaluation of the same task stood, or else under `task.resume_from` where a shorter one of
   the same candidate ended, repeats the reports after `task.epochs_recorded`, and goes on. The
   iterator ends after the report of epoch `task.epochs`.
4. Once the trial's end is recorded, `Evaluator.release(task)` lets go of what only a resumed
   evaluation would need, unless it is kept for a longer one.
5. `TrialFailedError` and `TrialInfeasibleError` end the trial with a reason; any other
   exception is reported as a failure with its type and text.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nas.provenance import Environment
from nas.recipe import Recipe
from nas.shortage import MemoryShortage
from search_spaces.base import Architecture, InputShape

EVALUATION_BATCH = 512
"""Images that are classified at once when an epoch is measured."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What an evaluation measures: validation figures, `accuracy` in [0, 1]."""

    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True)
class EpochReport:
    """Metrics after an epoch; `epoch` counts from 1, the seconds are the epoch's own."""

    epoch: int
    metrics: Metrics
    train_loss: float
    train_seconds: float
    validate_seconds: float = 0.0
    shortage: MemoryShortage | None = None


@dataclass(frozen=True, slots=True)
class TrialTask:
    """One evaluation of one architecture at a budget, ready to travel to a worker."""

    trial_id: str
    number: int
    architecture: Architecture
    input_shape: InputShape
    num_classes: int
    recipe: Recipe
    epochs: int
    seed: int
    directory: Path
    epochs_recorded: int = 0
    resume_from: Path | None = None
    job_id: str = ""
    shortage: MemoryShortage | None = None


class Evaluator(ABC):
    """Turns an architecture into metrics, an epoch at a time; see the module's docstring."""

    @abstractmethod
    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield a report after each epoch."""

    def environment(self) -> Environment:
        """Describe the process that evaluates, in which it is called, and its device."""
        return Environment.of_this_process("cpu")

    def release(self, task: TrialTask) -> None:  # noqa: B027
        """Remove what was kept to resume the task; called by the process that drives the search."""


@dataclass(frozen=True)
class WrappedEvaluator(Evaluator):
    """Does something around what another evaluator does, and leaves the rest to that."""

    inner: Evaluator

    def environment(self) -> Environment:
        """Describe what the other evaluator runs with."""
        return self.inner.environment()

    def release(self, task: TrialTask) -> None:
        """Let the other evaluator remove what it kept."""
        self.inner.release(task)


def evaluation_key(data_fingerprint: str, recipe: Recipe, *, epochs: int, seed: int) -> str:
    """Hash everything but the architecture that a trial's metrics depend on."""
    horizon = recipe.horizon(epochs)
    named = {} if horizon == epochs else {"schedule_epochs": horizon}
    return _hash(data_fingerprint, recipe, seed, epochs=epochs, **named)


def training_key(data_fingerprint: str, recipe: Recipe, *, epochs: int, seed: int) -> str:
    """Hash everything but the architecture that each epoch of a training depends on.

    Trainings of the same key differ in where they end, and are equal until then.
    """
    return _hash(data_fingerprint, recipe, seed, horizon=recipe.horizon(epochs))


def _hash(data_fingerprint: str, recipe: Recipe, seed: int, **epochs: int) -> str:
    parts = {"data": data_fingerprint, "recipe": recipe.as_keyed(), "seed": seed, **epochs}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
