"""Training of one candidate: SGD with Nesterov momentum, or AdamW, warm-up and cosine decay.

He et al. 2016 (recipe); Loshchilov & Hutter 2017 (cosine) and 2019 (AdamW); Goyal et al. 2017
(warm-up).
The same path runs on CPU and GPU, in channels-last memory, which is the faster layout on both;
on a GPU it adds autocast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nas.errors import TrialFailedError
from nas.evaluation import EVALUATION_BATCH, Metrics
from nas.recipe import Optimizer, Recipe
from search_spaces import Architecture, InputShape, build_classifier
from search_spaces.classifier import Classifier
from workers.training.acceleration import DEFAULT_ACCELERATION, Acceleration, denormals_as_zero
from workers.training.augmentation import mixed_up
from workers.training.auxiliary import TrainedNetwork, add_classifier
from workers.training.averaging import WeightAverage
from workers.training.data import TrainingImages, count_batches
from workers.training.drop_path import DropPathSchedule
from workers.training.gradients import clip_gradients

T = TypeVar("T")

_EVALUATED_PER_TRAINED = 8
"""Images classified at once for each that is trained on at once: nothing is kept to go back."""

ADAMW_BETA2 = 0.999
"""Memory of AdamW's squared gradients (Kingma & Ba 2015)."""


class CandidateTraining:
    """A candidate's network and everything its training changes."""

    def __init__(
        self,
        architecture: Architecture,
        input_shape: InputShape,
        num_classes: int,
        *,
        images: TrainingImages,
        recipe: Recipe,
        epochs: int,
        seed: int,
        device: torch.device,
        acceleration: Acceleration = DEFAULT_ACCELERATION,
    ) -> None:
        self.images, self.recipe, self.epochs, self.device = images, recipe, epochs, device
        self.epoch = 0
        self._num_classes, self._seed = num_classes, seed
        self.model = new_model(architecture, input_shape, num_classes, seed).to(device)
        mean, std = images.channel_statistics()
        self.model.mean.copy_(mean)
        self.model.std.copy_(std)
        added = (
            add_classifier(self.model, input_shape, num_classes, seed)
            if recipe.auxiliary_head
            else None
        )
        self.trained = TrainedNetwork(self.model, added).to(device)
        self._memory_format = acceleration.memory_format()
        self.trained.to(memory_format=self._memory_format)
        self._drop_path = (
            DropPathSchedule(self.model, recipe.drop_path, device) if recipe.drop_path else None
        )
        self._half = acceleration.half_precision(device)
        self._scaler = torch.amp.GradScaler(enabled=self._half is torch.float16)
        self.optimizer = new_optimizer(self.trained, recipe, fused=acceleration.fused_optimizer)
        self._parameters = list(self.trained.parameters())
        self._run = torch.compile(self.trained) if acceleration.compiled else self.trained
        decay = recipe.ema_decay
        self._average = None if decay is None else WeightAverage(self.model, decay)
        self._generator = torch.Generator(device).manual_seed(seed)
        self._steps_per_epoch = count_batches(len(images), recipe.batch_size)

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that keeps the files; alone, it is."""
        return True

    def agreed(self, value: T) -> T:
        """Return the leader's value, where several processes train together."""
        return value

    @property
    def measured_model(self) -> Classifier:
        """The network to evaluate and to keep: the averaged one where the recipe has one."""
        return self.model if self._average is None else self._average.model

    @denormals_as_zero()
    def run_epoch(self) -> float:
        """Train for one epoch and return its mean loss.

        Raises:
            TrialFailedError: The loss is no longer finite.
        """
        self.trained.train()
        total, seen = torch.zeros((), device=self.device), 0
        batches = self.images.training_batches(
            self.recipe.batch_size, self.recipe.augmentation, self._generator
        )
        with self._noise_of_epoch():
            for step, (images, labels) in enumerate(batches, self.epoch * self._steps_per_epoch):
                total += self.train_step(images, labels, step) * len(labels)
                seen += len(labels)
        self.epoch += 1
        mean_loss = float(total) / max(1, seen)  # the epoch's one wait for the device
        if not math.isfinite(mean_loss):
            raise TrialFailedError(f"diverged at epoch {self.epoch}: training loss is {mean_loss}")
        return mean_loss

    def train_step(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """Make one optimiser step and return the batch's loss, still on the device.

        It is the loss of the network's own logits, whatever auxiliary classifiers add to it.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(step)
        if self._drop_path is not None:
            last = self.recipe.horizon(self.epochs) * self._steps_per_epoch
            self._drop_path.set_progress(min(1.0, step / last))
        images, targets = self._prepared(images, labels)
        with self._autocast():
            loss, total = self._losses(images, targets)
        self.optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self.optimizer)
        clip_gradients(self._parameters, self.recipe.gradient_clip)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        if self._average is not None:
            self._average.update(step)
        return loss.detach()

    def _prepared(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network sees of a batch, and its targets: classes, or shares of them."""
        if not self.recipe.mixup:
            return images, labels
        targets = F.one_hot(labels, self._num_classes).to(images.dtype)
        return mixed_up(images, targets, self.recipe.mixup, self._generator)

    def _losses(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of the network's logits, and with its auxiliary classifiers' share."""
        logits, further = self._run(images.contiguous(memory_format=self._memory_format))
        loss, *others = (
            F.cross_entropy(each, targets, label_smoothing=self.recipe.label_smoothing)
            for each in (logits, *further)
        )
        return loss, loss + self.recipe.auxiliary_weight * sum(others) if others else loss

    def learning_rate(self, step: int) -> float:
        """Return the rate at `step`: linear warm-up, then half a cosine to zero at the horizon."""
        warmup = self.recipe.warmup_epochs * self._steps_per_epoch
        last = self.recipe.horizon(self.epochs) * self._steps_per_epoch
        if step + 1 < warmup:
            return self.recipe.peak_learning_rate * (step + 1) / warmup
        progress = min(1.0, max(0.0, (step - warmup) / max(1.0, last - warmup)))
        return self.recipe.peak_learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    @denormals_as_zero()
    @torch.inference_mode()
    def evaluate(self, images: TrainingImages) -> Metrics:
        """Measure accuracy and cross-entropy on all of `images`."""
        size = min(EVALUATION_BATCH, _EVALUATED_PER_TRAINED * self.recipe.batch_size)
        correct, loss, seen = self._counts(images.batches(size)).tolist()
        mean_loss = loss / max(1, seen)
        if not math.isfinite(mean_loss):
            raise TrialFailedError(
                f"diverged at epoch {self.epoch}: validation loss is {mean_loss}"
            )
        return Metrics(accuracy=correct / max(1, seen), loss=mean_loss)

    def _counts(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
        """Return the number of correct answers, the sum of losses, and the number of images."""
        model = self.measured_model.eval()
        loss = torch.zeros((), device=self.device)
        correct, seen = torch.zeros((), device=self.device, dtype=torch.long), 0
        for batch, labels in batches:
            with self._autocast():
                lying = batch.contiguous(memory_format=self._memory_format)
                logits = model(lying).float()
            loss += F.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(dim=1) == labels).sum()
            seen += len(labels)
        return torch.stack([correct.double(), loss.double(), torch.full_like(loss, seen).double()])

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on from here, tensors and numbers only."""
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "generator": self._generator.get_state(),
            "added": None if self.trained.added is None else self.trained.added.state_dict(),
        } | ({} if self._average is None else {"average": self._average.state()})

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from an earlier `state()`."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self._generator.set_state(state["generator"].cpu())
        if self.trained.added is not None:
            self.trained.added.load_state_dict(state["added"])
        if self._average is not None:
            self._average.restore(state["average"])

    def _autocast(self) -> AbstractContextManager[object]:
        if self._half is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self._half)

    @contextmanager
    def in_single_precision(self) -> Iterator[None]:
        """Compute as exported networks do, whatever else the device is faster with."""
        half, self._half = self._half, None
        try:
            yield
        finally:
            self._half = half

    @contextmanager
    def _noise_of_epoch(self) -> Iterator[None]:
        """Let dropout and drop-path draw by seed and epoch alone, however the training got here."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._seed + 1_000_003 * (self.epoch + 1))
            yield


def new_model(
    architecture: Architecture, input_shape: InputShape, num_classes: int, seed: int
) -> Classifier:
    """Build a classifier whose initial weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_classifier(architecture, input_shape, num_classes)


def new_optimizer(model: nn.Module, recipe: Recipe, *, fused: bool = True) -> torch.optim.Optimizer:
    """Make the recipe's optimiser; its rate is set anew at each step.

    `fused` updates all parameters in one kernel.
    """
    groups = _parameter_groups(model, recipe.decay)
    rate, momentum = recipe.peak_learning_rate, recipe.momentum
    if recipe.optimizer is Optimizer.ADAMW:
        return torch.optim.AdamW(groups, lr=rate, betas=(momentum, ADAMW_BETA2), fused=fused)
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0, fused=fused)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices and kernels, not biases and norms (He et al. 2019, Bag of Tricks, 3.1)."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
