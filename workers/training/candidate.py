"""Training of one candidate: SGD with Nesterov momentum, or AdamW, warm-up and cosine decay.

He et al. 2016 (recipe); Loshchilov & Hutter 2017 (cosine) and 2019 (AdamW); Goyal et al. 2017
(warm-up).
The same path runs on CPU and GPU, in channels-last memory, which is the faster layout on both;
on a GPU it adds autocast.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nas.errors import TrialFailedError
from nas.evaluation import EVALUATION_BATCH, Metrics
from nas.recipe import Optimizer, Recipe
from search_spaces import Architecture, InputShape, build_classifier
from search_spaces.classifier import Classifier
from workers.training.averaging import WeightAverage
from workers.training.data import DeviceImages, count_batches

T = TypeVar("T")

ADAMW_BETA2 = 0.999
"""Memory of AdamW's squared gradients (Kingma & Ba 2015)."""

AUXILIARY_WEIGHT = 0.3
"""Share of each auxiliary classifier's loss (Szegedy et al. 2015, section 5)."""


@runtime_checkable
class HasAuxiliary(Protocol):
    """A network with further classifiers on earlier features, for training alone."""

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the logits and those of each auxiliary classifier."""


class CandidateTraining:
    """A candidate's network and everything its training changes."""

    def __init__(
        self,
        architecture: Architecture,
        input_shape: InputShape,
        num_classes: int,
        *,
        images: DeviceImages,
        recipe: Recipe,
        epochs: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.images, self.recipe, self.epochs, self.device = images, recipe, epochs, device
        self.epoch = 0
        self._on_gpu = device.type == "cuda"
        self.model = new_model(architecture, input_shape, num_classes, seed).to(device)
        mean, std = images.channel_statistics()
        self.model.mean.copy_(mean)
        self.model.std.copy_(std)
        self._on_gpu = device.type == "cuda"
        self.model.to(memory_format=torch.channels_last)
        self._autocast_dtype = (
            torch.bfloat16 if self._on_gpu and torch.cuda.is_bf16_supported() else torch.float16
        )
        self._scaler = torch.amp.GradScaler(
            enabled=self._on_gpu and self._autocast_dtype is torch.float16
        )
        self.optimizer = new_optimizer(self.model, recipe)
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

    def run_epoch(self) -> float:
        """Train for one epoch and return its mean loss.

        Raises:
            TrialFailedError: The loss is no longer finite.
        """
        self.model.train()
        total = torch.zeros((), device=self.device)
        batches = self.images.training_batches(
            self.recipe.batch_size, self.recipe.augmentation, self._generator
        )
        for step, (images, labels) in enumerate(batches, self.epoch * self._steps_per_epoch):
            total += self.train_step(images, labels, step) * len(labels)
        self.epoch += 1
        mean_loss = float(total) / len(self.images)  # the epoch's one wait for the device
        if not math.isfinite(mean_loss):
            raise TrialFailedError(f"diverged at epoch {self.epoch}: training loss is {mean_loss}")
        return mean_loss

    def train_step(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """Make one optimiser step and return the batch's loss, still on the device.

        It is the loss of the network's own logits, whatever auxiliary classifiers add to it.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(step)
        with self._autocast():
            loss, auxiliary_loss = self._losses(_channels_last(images), labels)
        self.optimizer.zero_grad(set_to_none=True)
        total = loss + AUXILIARY_WEIGHT * auxiliary_loss
        self._scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_clip)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        if self._average is not None:
            self._average.update(step)
        return loss.detach()

    def _losses(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of the network's logits, and the sum of its auxiliary classifiers'."""
        if isinstance(self.model.network, HasAuxiliary):
            normalized = self.model.normalized(images)
            logits, further = self.model.network.forward_with_auxiliary(normalized)
        else:
            logits, further = self.model(images), ()
        loss, *others = (
            F.cross_entropy(each, labels, label_smoothing=self.recipe.label_smoothing)
            for each in (logits, *further)
        )
        return loss, sum(others, start=torch.zeros_like(loss))

    def learning_rate(self, step: int) -> float:
        """Return the rate at `step`: linear warm-up, then half a cosine to zero at the horizon."""
        warmup = self.recipe.warmup_epochs * self._steps_per_epoch
        last = self.recipe.horizon(self.epochs) * self._steps_per_epoch
        if step + 1 < warmup:
            return self.recipe.peak_learning_rate * (step + 1) / warmup
        progress = min(1.0, max(0.0, (step - warmup) / max(1.0, last - warmup)))
        return self.recipe.peak_learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    @torch.no_grad()
    def evaluate(self, images: DeviceImages) -> Metrics:
        """Measure accuracy and cross-entropy on all of `images`."""
        model = self.measured_model.eval()
        loss = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device, dtype=torch.long)
        for batch, labels in images.batches(EVALUATION_BATCH):
            with self._autocast():
                logits = model(_channels_last(batch)).float()
            loss += F.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(dim=1) == labels).sum()
        mean_loss = float(loss) / len(images)
        if not math.isfinite(mean_loss):
            raise TrialFailedError(
                f"diverged at epoch {self.epoch}: validation loss is {mean_loss}"
            )
        return Metrics(accuracy=int(correct) / len(images), loss=mean_loss)

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on from here, tensors and numbers only."""
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "generator": self._generator.get_state(),
        } | ({} if self._average is None else {"average": self._average.state()})

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from an earlier `state()`."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self._generator.set_state(state["generator"].cpu())
        if self._average is not None:
            self._average.restore(state["average"])

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=self._autocast_dtype, enabled=self._on_gpu)


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def new_model(
    architecture: Architecture, input_shape: InputShape, num_classes: int, seed: int
) -> Classifier:
    """Build a classifier whose initial weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_classifier(architecture, input_shape, num_classes)


def new_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Make the recipe's optimiser; its rate is set anew at each step."""
    groups = _parameter_groups(model, recipe.decay)
    rate, momentum = recipe.peak_learning_rate, recipe.momentum
    if recipe.optimizer is Optimizer.ADAMW:
        return torch.optim.AdamW(groups, lr=rate, betas=(momentum, ADAMW_BETA2))
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices and kernels, not biases and norms (He et al. 2019, Bag of Tricks, 3.1)."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
