"""Running networks on a device to find out what they, and their operations, take."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import torch
from torch import Tensor, nn

from nas.errors import TrialInfeasibleError
from nas.latency import LatencyOptions
from search_spaces import Architecture, InputShape, build_classifier
from search_spaces.symbolic import Weightless
from workers.latency.conditions import (
    DTYPE,
    LAYOUT,
    Conditions,
    conditions_on,
    find_device,
    threads_set,
)
from workers.latency.timing import Timing, time_call
from workers.latency.tracing import Trace, trace

OPERATION_SECONDS = 0.03
"""How long each operation is timed for; a network has few that were not seen before."""


class Probe(Protocol):
    """What runs networks, here or on the cluster."""

    def conditions(self) -> Conditions:
        """Name the device and how inference runs on it."""

    def measure(self, architecture: Architecture) -> Timing:
        """Time the whole network; raises `TrialInfeasibleError` if the device is too small."""

    def measure_operations(
        self, architecture: Architecture, wanted: Collection[str]
    ) -> dict[str, float]:
        """Return the milliseconds of those of the network's operations that are wanted."""


class LocalProbe:
    """Runs untrained networks in this process; weights do not change how long they take."""

    def __init__(
        self,
        input_shape: InputShape,
        num_classes: int,
        options: LatencyOptions,
        device: str | None = None,
    ) -> None:
        self._input_shape, self._num_classes = input_shape, num_classes
        self._device = find_device(device)
        self._conditions = conditions_on(self._device, options.batch_size, options.threads)

    def conditions(self) -> Conditions:
        """Name the device and how inference runs on it."""
        return self._conditions

    def measure(self, architecture: Architecture) -> Timing:
        """Time the whole network, from images in [0, 1] to logits."""
        with threads_set(self._conditions.threads), torch.inference_mode():
            try:
                network, images = self._network(architecture), self._images()
                return time_call(lambda: network(images), self._device)
            except (torch.OutOfMemoryError, MemoryError) as error:
                raise _out_of_memory(error) from error

    def measure_operations(
        self, architecture: Architecture, wanted: Collection[str]
    ) -> dict[str, float]:
        """Time operations one by one, on the inputs that they have in the network."""
        with threads_set(self._conditions.threads), torch.inference_mode():
            try:
                found = trace(self._network(architecture), self._images())
                return {
                    operation: time_call(
                        found.runs[operation], self._device, OPERATION_SECONDS
                    ).median_ms
                    for operation in wanted
                    if operation in found.runs
                }
            except (torch.OutOfMemoryError, MemoryError) as error:
                raise _out_of_memory(error) from error

    def _network(self, architecture: Architecture) -> nn.Module:
        network = build_classifier(architecture, self._input_shape, self._num_classes)
        return network.eval().to(self._device, DTYPE).to(memory_format=LAYOUT)

    def _images(self) -> Tensor:
        shape = (self._conditions.batch_size, *self._input_shape)
        return torch.rand(shape, device=self._device, dtype=DTYPE).contiguous(memory_format=LAYOUT)


def trace_shapes(
    architecture: Architecture, input_shape: InputShape, num_classes: int, batch_size: int
) -> Trace:
    """Return a network's operations without running it: nothing is computed but shapes."""
    with Weightless():
        network = build_classifier(architecture, input_shape, num_classes).eval()
        images = torch.empty(batch_size, *input_shape)
    found = trace(network, images)
    found.runs.clear()  # they would run on the meta device
    return found


def _out_of_memory(error: BaseException) -> TrialInfeasibleError:
    return TrialInfeasibleError(f"out of memory when its latency was measured: {error}")
