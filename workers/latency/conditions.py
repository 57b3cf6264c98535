"""What a latency depends on beside the network, named so that it can be stored with it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from nas.errors import InvalidInputError

DTYPE = torch.float32
LAYOUT = torch.channels_last
"""As in training: the faster layout on CPUs and GPUs."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """A device, and how inference runs on it."""

    device: str
    device_name: str
    batch_size: int
    threads: int
    dtype: str
    layout: str
    torch: str

    def as_json(self) -> dict[str, Any]:
        """Return the conditions as plain values."""
        return asdict(self)


def conditions_on(device: torch.device, batch_size: int, threads: int) -> Conditions:
    """Name what inference on `device` depends on; a GPU has no threads to choose."""
    is_gpu = device.type == "cuda"
    return Conditions(
        device=device.type,
        device_name=torch.cuda.get_device_name(device) if is_gpu else _processor_name(),
        batch_size=batch_size,
        threads=1 if is_gpu else threads,
        dtype=str(DTYPE).removeprefix("torch."),
        layout=str(LAYOUT).removeprefix("torch."),
        torch=torch.__version__,
    )


def find_device(name: str | None) -> torch.device:
    """Return the device called `name`, the GPU if there is one by default.

    Raises:
        InvalidInputError: There is no such device here.
    """
    has_gpu = torch.cuda.is_available()
    if name not in (None, "cpu", "cuda") or (name == "cuda" and not has_gpu):
        allowed = "cpu or cuda" if has_gpu else "cpu, as there is no GPU here"
        raise InvalidInputError(f"device: got {name!r}, allowed: {allowed}")
    return torch.device(name or ("cuda" if has_gpu else "cpu"))


@contextmanager
def threads_set(count: int) -> Iterator[None]:
    """Let operations on the CPU use so many threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _processor_name() -> str:
    """Return the processor's model, which Linux tells in a file of its own."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
