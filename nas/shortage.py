"""What is known where memory did not hold a trial."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryShortage:
    """Says that memory did not hold the recipe's batches.

    `batch_size` is what the trial goes on with; `memory_bytes` is what it had in use and asked for
    when memory ran out, so that it needs at least that much.
    """

    batch_size: int
    memory_bytes: int
