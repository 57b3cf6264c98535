"""Memory, on host or device, that does not hold a candidate: named, measured, and done with less.

A step keeps activations in proportion to its batch, so the training goes on once with batches of
half the size; only what does not fit then either is infeasible.
"""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import psutil
import torch

from nas.errors import TrialInfeasibleError
from nas.evaluation import EpochReport, TrialTask, WrappedEvaluator
from nas.shortage import MemoryShortage

_LOG = logging.getLogger(__name__)

_ALLOCATION_FAILURES = (
    "DefaultCPUAllocator: can't allocate memory",
    "could not create a primitive",  # oneDNN, whose kernel found no room for its workspace
    "CUDA error: out of memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""How torch words it where it raises a plain `RuntimeError`."""

_REQUEST = re.compile(r"tried to allocate ([\d.]+) (bytes|KiB|MiB|GiB)", re.IGNORECASE)
_UNIT_BYTES = {"bytes": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


class OutOfMemoryError(TrialInfeasibleError):
    """Raised where memory ran out; `memory_bytes` is what the training had in use and asked for."""

    def __init__(self, reason: str, memory_bytes: int = 0) -> None:
        super().__init__(reason)
        self.memory_bytes = memory_bytes


@contextmanager
def memory_errors_named() -> Iterator[None]:
    """Turn running out of memory, on host or device, into `OutOfMemoryError`."""
    before = bytes_in_use()
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # of the latter torch.OutOfMemoryError is one
        if not is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        request = _REQUEST.search(str(error))
        asked = int(float(request[1]) * _UNIT_BYTES[request[2].lower()]) if request else 0
        raise OutOfMemoryError(
            f"out of memory: {reason}", max(0, bytes_in_use() - before) + asked
        ) from error


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error says that an allocation failed."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(failure in str(error) for failure in _ALLOCATION_FAILURES)


def bytes_in_use() -> int:
    """Return what this process has of the GPU's memory, or of the host's where it has no GPU."""
    if torch.cuda.is_available():
        return int(torch.cuda.memory_allocated())
    return int(psutil.Process().memory_info().rss)


class Progress(Protocol):
    """What a training yields after each of its epochs; `replace` makes another of it."""

    @property
    def epoch(self) -> int:
        """How many epochs are done."""

    @property
    def shortage(self) -> MemoryShortage | None:
        """How memory did not hold the recipe's batches."""


P = TypeVar("P", bound=Progress)


def with_half_batches(train: Callable[[TrialTask], Iterator[P]], task: TrialTask) -> Iterator[P]:
    """Yield what `train` does, which goes on with half the batch size, once, if memory ran out.

    The epochs that are done stay: the training goes on from its checkpoint.

    Raises:
        TrialInfeasibleError: Memory does not hold half a batch either.
    """
    shortage = task.shortage
    if shortage is None:
        try:
            for progress in train(task):
                yield progress
                task = replace(task, epochs_recorded=progress.epoch)
            return
        except OutOfMemoryError as error:
            reason, memory_bytes = str(error), error.memory_bytes
        shortage = half_batches(task, memory_bytes)
        _LOG.warning(
            "%s; goes on with %d images per step in place of %d",
            reason,
            shortage.batch_size,
            task.recipe.batch_size,
        )
        _free_memory()
    recipe = task.recipe.model_copy(update={"batch_size": shortage.batch_size})
    try:
        for progress in train(replace(task, recipe=recipe, shortage=shortage)):
            yield replace(progress, shortage=shortage)  # type: ignore[type-var]
    except OutOfMemoryError as error:
        raise twice_short(task, shortage, str(error), error.memory_bytes) from None


def half_batches(task: TrialTask, memory_bytes: int) -> MemoryShortage:
    """Say that a task is to go on with half its batch, since it had so much in use."""
    return MemoryShortage(max(2, task.recipe.batch_size // 2), memory_bytes)


def twice_short(
    task: TrialTask, shortage: MemoryShortage, reason: str, memory_bytes: int
) -> TrialInfeasibleError:
    """Say that memory held neither a task's batches nor half of them."""
    return TrialInfeasibleError(
        f"{reason}; it had run out with {task.recipe.batch_size} images per step, at "
        f"{shortage.memory_bytes:,} bytes, and did again with {shortage.batch_size}, at "
        f"{memory_bytes:,}",
        shortage,
    )


@dataclass(frozen=True)
class HalvingEvaluator(WrappedEvaluator):
    """Lets another evaluator go on with half the batch size, once, where memory ran out."""

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield the reports of the other evaluator.

        Raises:
            TrialInfeasibleError: Memory does not hold half a batch either.
        """
        return with_half_batches(self.inner.evaluate, task)


def _free_memory() -> None:
    """Give back what the failed training held, before the next one is built."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
