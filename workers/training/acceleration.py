"""What makes training faster and leaves its results alone, but for rounding."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Acceleration:
    """How a candidate's steps are computed; `benchmarks/training.py` prints what each part brings.

    `autocast` computes in half precision on the devices named. `compiled` runs the network through
    `torch.compile`, which takes a minute or so before the first step.
    """

    channels_last: bool = True
    fused_optimizer: bool = True
    autocast: frozenset[str] = frozenset({"cuda"})
    compiled: bool = False

    def memory_format(self) -> torch.memory_format:
        """Return how weights and images lie in memory."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def half_precision(self, device: torch.device) -> torch.dtype | None:
        """Return the type that the network is computed in, None for single precision.

        A CPU and newer GPUs take bfloat16; older GPUs float16, whose gradients need scaling.
        """
        if device.type not in self.autocast:
            return None
        if device.type == "cuda" and not torch.cuda.is_bf16_supported():
            return torch.float16
        return torch.bfloat16


DEFAULT_ACCELERATION = Acceleration()


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Compute with denormal numbers taken for zero, in this thread and those it starts.

    Arithmetic on them is slow on CPUs, and weights that decay reach them. What the process did
    before, it does again afterwards: other code may rely on them.
    """
    before = sys.float_info.min / 2 == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
