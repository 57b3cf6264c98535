"""The shared weights' training: one epoch at a time, on the paths that a sampler proposes.

Pham et al.: ENAS, ICML 2018, section 2.2: the weights are trained on paths drawn by the
controller, one path per mini-batch; then the controller is taught by the accuracy of paths on
mini-batches of validation images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nas.datasets import ImageData
from nas.errors import NasError
from nas.evaluation import Metrics
from nas.evaluators import SUPERNETS
from nas.problem import SearchProblem
from nas.recipe import Recipe
from search_spaces import Architecture
from workers.supernet.base import Supernet
from workers.training.candidate import new_optimizer
from workers.training.data import DeviceImages, count_batches

_EVALUATION_BATCH = 512


def new_supernet(problem: SearchProblem, seed: int) -> Supernet:
    """Make the supernet of a problem's space; its initial weights depend on `seed` alone."""
    supernet = resolve_name(SUPERNETS[problem.space.name])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: Supernet = supernet(problem.space, problem.input_shape, problem.num_classes)
    return made


class SupernetTraining:
    """A supernet and everything its training changes."""

    def __init__(
        self,
        problem: SearchProblem,
        data: ImageData,
        *,
        recipe: Recipe,
        epochs: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.recipe, self.epochs, self.device = recipe, epochs, device
        self.epoch = 0
        self._train = DeviceImages(data.train, device)
        self._validation = DeviceImages(data.validation, device)
        self.supernet = new_supernet(problem, seed).to(device)
        mean, std = self._train.channel_statistics()
        self.supernet.mean.copy_(mean)
        self.supernet.std.copy_(std)
        # Not fused: the fused update wants a gradient of every parameter from the first step on.
        self._optimizer = new_optimizer(self.supernet, recipe, fused=False)
        self._generator = torch.Generator(device).manual_seed(seed)
        order = torch.Generator().manual_seed(seed)  # so that batch statistics are of all classes
        self._order = torch.randperm(len(self._validation), generator=order).to(device)

    def run_epoch(self, draw_path: Callable[[], Architecture]) -> float:
        """Train for one pass, each mini-batch on a path of its own; returns the mean loss.

        Raises:
            NasError: The loss is no longer finite.
        """
        total = torch.zeros((), device=self.device)
        steps = count_batches(len(self._train), self.recipe.batch_size)
        batches = self._train.training_batches(
            self.recipe.batch_size, self.recipe.augmentation, self._generator
        )
        for step, (images, labels) in enumerate(batches, self.epoch * steps):
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate(step / (self.epochs * steps))
            path = self.supernet.path(draw_path())
            smoothing = self.recipe.label_smoothing
            loss = F.cross_entropy(
                path.logits(images, training=True), labels, label_smoothing=smoothing
            )
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.supernet.parameters(), self.recipe.gradient_clip)
            self._optimizer.step()  # which passes over what is on no path of this mini-batch
            total += loss.detach() * len(labels)
        self.epoch += 1
        mean_loss = float(total) / len(self._train)
        if not math.isfinite(mean_loss):
            raise NasError(f"the supernet diverged at epoch {self.epoch}: loss is {mean_loss}")
        return mean_loss

    def on_mini_batch(self, architecture: Architecture, rng: np.random.Generator) -> Metrics:
        """Measure a path on a mini-batch of validation images, drawn anew."""
        size = min(self.recipe.batch_size, len(self._validation))
        chosen = rng.choice(len(self._validation), size=size, replace=False)
        return self._measure(architecture, [torch.from_numpy(chosen).to(self.device)])

    def on_all(self, architecture: Architecture) -> Metrics:
        """Measure a path on all validation images."""
        count = count_batches(len(self._validation), _EVALUATION_BATCH)
        return self._measure(architecture, self._order.tensor_split(count))

    @torch.no_grad()
    def _measure(self, architecture: Architecture, batches: Sequence[Tensor]) -> Metrics:
        path = self.supernet.path(architecture)
        loss, correct, count = 0.0, 0, 0
        for chosen in batches:
            images = self._validation.images[chosen].float().div_(255)
            labels = self._validation.labels[chosen]
            logits = path.logits(images, training=False)
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            correct += int((logits.argmax(dim=1) == labels).sum())
            count += len(labels)
        return Metrics(accuracy=correct / count, loss=loss / count)

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on from here, tensors and numbers only."""
        return {
            "epoch": self.epoch,
            "supernet": self.supernet.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from an earlier `state()`."""
        self.epoch = state["epoch"]
        self.supernet.load_state_dict(state["supernet"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"].cpu())

    def _rate(self, progress: float) -> float:
        """Return half a cosine from the recipe's rate down to zero."""
        return self.recipe.peak_learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
