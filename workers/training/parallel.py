"""One candidate trained by several processes, each on its part of every batch.

Synchronous data parallelism (Li et al., PyTorch Distributed, VLDB 2020): the recipe's batch is the
whole batch, every process draws it alike and takes its part, and gradients are averaged over the
images. So the steps are those of a single process, up to rounding, and up to batch norms on CPUs,
which know the statistics of their own part alone; on GPUs they share them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from nas.errors import TrialInfeasibleError
from workers.training.candidate import CandidateTraining
from workers.training.data import count_batches

T = TypeVar("T")
_IMAGES_PER_PROCESS = 2
"""A batch norm has no statistics of a single image."""


class ParallelTraining(CandidateTraining):
    """Training by all processes of torch's default group; all make the same calls."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._rank, self._processes = distributed.get_rank(), distributed.get_world_size()
        self._require_enough_images()
        if self.device.type == "cuda":
            convert: Any = nn.SyncBatchNorm.convert_sync_batchnorm
            convert(self.trained)  # in place
        self._loss_weight = 1.0
        self._replica = DistributedDataParallel(_Losses(self), static_graph=True)

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that keeps the files."""
        return self._rank == 0

    def agreed(self, value: T) -> T:
        """Return the leader's value in all processes."""
        values = [value]
        distributed.broadcast_object_list(values, device=self.device)
        return values[0]

    def train_step(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """Make one step on the whole batch, of which this process works on its part."""
        loss = super().train_step(images, labels, step)
        distributed.all_reduce(loss)
        return loss / self._processes

    def _prepared(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        images, targets = super()._prepared(images, labels)  # of the whole batch: all draw alike
        part = slice(self._rank, None, self._processes)
        # DDP averages over processes; parts differ by an image where the batch is no multiple.
        self._loss_weight = len(targets[part]) * self._processes / len(targets)
        return images[part], targets[part]

    def _losses(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        loss, total = self._replica(images, targets)
        return loss * self._loss_weight, total * self._loss_weight

    def own_losses(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a single process would compute for these images."""
        return super()._losses(images, targets)

    def _counts(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
        """Count on all batches, a part of each in each process, with the leader's statistics."""
        for buffer in self.measured_model.buffers():
            distributed.broadcast(buffer, 0)
        part = slice(self._rank, None, self._processes)
        parts = ((images[part], labels[part]) for images, labels in batches)
        counts = super()._counts((images, labels) for images, labels in parts if len(labels))
        distributed.all_reduce(counts)
        return counts

    def _require_enough_images(self) -> None:
        count, batch_size = len(self.images), self.recipe.batch_size
        smallest_batch = count // count_batches(count, batch_size)
        needed = _IMAGES_PER_PROCESS * self._processes
        if smallest_batch < needed:
            raise TrialInfeasibleError(
                f"recipe.batch_size: got {batch_size}, which makes batches of {smallest_batch} "
                f"images for {self._processes} workers, allowed: at least {needed}"
            )


class _Losses(nn.Module):
    """The losses as a module, whose call is what DDP watches."""

    def __init__(self, training: ParallelTraining) -> None:
        super().__init__()
        self.trained = training.trained
        self._of = training.own_losses

    def forward(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        losses: tuple[Tensor, Tensor] = self._of(images, targets)
        return losses
