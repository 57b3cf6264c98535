"""Training an exported network again from its bundle alone, and comparing what comes of it.

No database and no cluster are asked: the bundle says which architecture was trained, by which
recipe, on which images, for how long and from which seed. The same process as then trains it: on a
CPU, with the same versions, every figure comes out to the last digit.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file

from nas.datasets import DATASETS, AnyData, DatasetInfo, find_or_raise_dataset
from nas.errors import InvalidInputError
from nas.evaluation import Metrics, TrialTask
from nas.export.manifest import WEIGHTS_NAME as BUNDLED_NAME
from nas.export.manifest import Bundle, Manifest
from nas.layout import WEIGHTS_NAME
from nas.provenance import Environment
from search_spaces.analysis import analyze
from workers.latency.conditions import threads_set
from workers.training.acceleration import Acceleration
from workers.training.evaluator import FinalTraining, TrainingEvaluator

_DEVIATIONS = 3
"""How many standard deviations two trainings of one network may lie apart by chance."""

_COMPARED_PACKAGES = ("torch", "numpy")
"""Distributions whose versions decide whether the last digits can be asked for."""


@dataclass(frozen=True, slots=True)
class SeedComparison:
    """One training, as the bundle tells it and as it came out now."""

    seed: int
    expected_accuracy: float
    expected_loss: float
    accuracy: float
    loss: float
    is_within: bool
    max_weight_difference: float | None
    """Largest distance of a weight from the bundle's; None for seeds whose weights it has not."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """All seeds that were trained again; accuracies may differ by `tolerance`, and no more."""

    split: str
    images: int
    tolerance: float
    is_same_environment: bool
    seeds: tuple[SeedComparison, ...]

    @property
    def is_reproduced(self) -> bool:
        """Whether every accuracy came out again."""
        return all(each.is_within for each in self.seeds)


OnEpoch = Callable[[int, int, int], None]
"""Called after each epoch with the seed, the epoch and the number of epochs."""


def reproduce(
    bundle: Bundle,
    *,
    dataset: str | None = None,
    tolerance: float | None = None,
    all_seeds: bool = False,
    on_epoch: OnEpoch = lambda seed, epoch, epochs: None,
) -> Reproduction:
    """Train the bundle's network again, with its first seed or with all, and compare.

    Without a `tolerance` accuracies must be equal where the versions are, on a CPU and with one
    process; else they may differ by what chance makes of them with so many images.

    Raises:
        InvalidInputError: The data set is not the one it was trained on, or must be named; the
            weights are not the architecture's; the bundle has no figure to compare with.
        InfeasibleArchitectureError: No network can be built from the architecture.
    """
    manifest = bundle.manifest
    info, data = _data_of(manifest, dataset)
    analyze(bundle.architecture, info.input_shape, info.num_classes)  # before anything is built
    expected = _expected(manifest, all_seeds=all_seeds)
    is_same = _is_same_environment(manifest)
    count = len(data.validation if manifest.measured.split == "validation" else data.test)
    allowed = tolerance
    if allowed is None:
        allowed = 0.0 if is_same else chance(expected[0][1], count)
    found = []
    # As many threads as then: their number decides the order of sums.
    with threads_set(max(1, int(manifest.training.cpus))):
        for seed, accuracy, loss in expected:
            with tempfile.TemporaryDirectory(prefix="nas-reproduce-") as scratch:
                task = _task(bundle, info, seed, Path(scratch))
                metrics = _train(manifest, task, data, on_epoch)
                is_first = seed == manifest.training.seed
                distance = _weight_difference(bundle, Path(scratch)) if is_first else None
            found.append(
                SeedComparison(
                    seed=seed,
                    expected_accuracy=accuracy,
                    expected_loss=loss,
                    accuracy=metrics.accuracy,
                    loss=metrics.loss,
                    is_within=abs(metrics.accuracy - accuracy) <= allowed,
                    max_weight_difference=distance,
                )
            )
    return Reproduction(manifest.measured.split, count, allowed, is_same, tuple(found))


def chance(accuracy: float, images: int) -> float:
    """Return how far apart two trainings' accuracies may lie by the draw of so many images.

    Three standard deviations of the difference of two binomial shares.
    """
    return _DEVIATIONS * math.sqrt(2 * accuracy * (1 - accuracy) / max(1, images))


def _data_of(manifest: Manifest, dataset: str | None) -> tuple[DatasetInfo, AnyData]:
    """Load the data set; one that lies somewhere must be named, not taken from the bundle."""
    if dataset is None and manifest.dataset not in DATASETS:
        raise InvalidInputError(
            f"dataset: the bundle was trained on {manifest.dataset!r}; name where those images "
            "are on this machine with --dataset"
        )
    try:
        found = find_or_raise_dataset(dataset or manifest.dataset)
    except ValueError as error:
        raise InvalidInputError(f"dataset: {error}") from error
    data = found.load()
    if data.fingerprint != manifest.data_fingerprint:
        raise InvalidInputError(
            f"dataset: got images or splits of fingerprint {data.fingerprint}, allowed: "
            f"{manifest.data_fingerprint}, those that the bundle was trained on"
        )
    return found.info, data


def _expected(manifest: Manifest, *, all_seeds: bool) -> list[tuple[int, float, float]]:
    """Return seed, accuracy and loss of each training to compare with, the first seed's first."""
    measured = manifest.measured
    if measured.accuracy is None or measured.loss is None:
        raise InvalidInputError("bundle: measured.accuracy: got none to compare with")
    expected = [(manifest.training.seed, measured.accuracy, measured.loss)]
    if all_seeds and manifest.final is not None:
        expected += [(r.seed, r.test_accuracy, r.test_loss) for r in manifest.final.further]
    return expected


def _is_same_environment(manifest: Manifest) -> bool:
    """Tell whether the last digits can be the same: one process on a CPU, the same versions."""
    then, now = manifest.environment, Environment.of_this_process("cpu")
    return (
        then is not None
        and then.device == now.device
        and not torch.cuda.is_available()
        and manifest.training.workers == 1
        and all(then.packages.get(n) == now.packages.get(n) for n in _COMPARED_PACKAGES)
    )


def _task(bundle: Bundle, info: DatasetInfo, seed: int, directory: Path) -> TrialTask:
    manifest = bundle.manifest
    return TrialTask(
        trial_id=manifest.trial_id,
        number=0,
        architecture=bundle.architecture,
        input_shape=info.input_shape,
        num_classes=info.num_classes,
        recipe=manifest.recipe,
        epochs=manifest.training.epochs,
        seed=seed,
        directory=directory,
    )


def _train(manifest: Manifest, task: TrialTask, data: AnyData, on_epoch: OnEpoch) -> Metrics:
    """Train to the end and return what the bundle's figure is of: test, or last validation."""
    acceleration = Acceleration(compiled=manifest.training.compiled)
    metrics: Metrics | None = None
    if manifest.training.images == "train":
        for report in TrainingEvaluator(data, acceleration).evaluate(task):
            metrics = report.metrics
            on_epoch(task.seed, report.epoch, task.epochs)
    else:
        for progress in FinalTraining(data, acceleration).run(task):
            metrics = progress.test
            if metrics is None:
                on_epoch(task.seed, progress.epoch, task.epochs)
    if metrics is None:
        raise InvalidInputError("bundle: training.epochs: got none to train for")
    return metrics


def _weight_difference(bundle: Bundle, directory: Path) -> float:
    trained = load_file(directory / WEIGHTS_NAME)
    try:
        bundled = load(bundle.weights)
    except SafetensorError as error:
        raise InvalidInputError(f"bundle: {BUNDLED_NAME}: {error}") from error
    shapes = {name: tensor.shape for name, tensor in trained.items()}
    if {name: tensor.shape for name, tensor in bundled.items()} != shapes:
        raise InvalidInputError(
            f"bundle: {BUNDLED_NAME}: got tensors of other names or shapes than the architecture's"
        )
    return max(
        float((trained[name].double() - bundled[name].double()).abs().max()) for name in trained
    )
