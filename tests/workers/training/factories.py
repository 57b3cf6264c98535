"""Small pieces of training: few images, a small cell, a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nas.datasets import ImageData, Split, find_or_raise_dataset
from nas.evaluation import TrialTask
from nas.recipe import Recipe
from search_spaces import Architecture
from tests.search_spaces.strategies import architecture_of, cell_of
from workers.training.acceleration import DEFAULT_ACCELERATION, Acceleration
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

CPU = torch.device("cpu")
SMALL = architecture_of(
    cell_of((0, "identity", 1, "conv_3x3")),
    cell_of((0, "max_pool_3x3", 1, "conv_1x1")),
    filters=4,
)


def digits(train: int | None = None, validation: int | None = None) -> ImageData:
    data = find_or_raise_dataset("digits").load()

    def part(split: Split, count: int | None) -> Split:
        return Split(split.images[:count], split.labels[:count])

    return ImageData(part(data.train, train), part(data.validation, validation), data.test)


def new_training(
    data: ImageData,
    *,
    epochs: int = 3,
    seed: int = 0,
    architecture: Architecture = SMALL,
    kind: type[CandidateTraining] = CandidateTraining,
    acceleration: Acceleration = DEFAULT_ACCELERATION,
    **recipe: Any,
):
    return kind(
        architecture,
        (1, 8, 8),
        10,
        images=DeviceImages(data.train, CPU),
        recipe=Recipe().model_copy(update=recipe),
        epochs=epochs,
        seed=seed,
        device=CPU,
        acceleration=acceleration,
    )


def new_task(
    directory: Path,
    *,
    epochs: int = 3,
    recorded: int = 0,
    resume_from: Path | None = None,
    **recipe: Any,
) -> TrialTask:
    return TrialTask(
        trial_id="trial",
        number=0,
        architecture=SMALL,
        input_shape=(1, 8, 8),
        num_classes=10,
        recipe=Recipe().model_copy(update=recipe),
        epochs=epochs,
        seed=0,
        directory=directory,
        epochs_recorded=recorded,
        resume_from=resume_from,
    )


def same_state(one: Any, other: Any) -> bool:
    """Compare nested states, tensors bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_state(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_state, one, other))
    return bool(one == other)
