"""How much memory a network takes to run and to train, from what one image takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Optimizer = Literal["sgd", "adamw"]

ELEMENT_BYTES = 4
"""Weights and activations are float32."""

_OPTIMIZER_STATES: Mapping[Optimizer, int] = {"sgd": 1, "adamw": 2}
"""Values kept for each weight: a momentum; the first and second moment of the gradient."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes of float32 tensors, of one image where nothing else is said.

    A step of training takes about

        4 * params * (weight + gradient + optimiser states) + buffers
        + batch * (image + kept + 2 * largest) + kept statistics

    bytes. What autograd saves is kept until the backward pass, a storage once however many
    functions save it: a convolution saves its input, batch norm its input and each channel's
    mean and deviation, ReLU its output, max pooling its input and 64-bit indices, a sum nothing.
    `largest` is the largest tensor: where it is made, the backward pass holds the gradient that
    it takes and the one that it gives while most of what was kept is still there. Of deep
    networks this term is a small part; it overestimates where the largest tensor comes early.
    Left out are the loss and the kernels' workspace. Under mixed precision activations take
    about half of this.
    """

    input_bytes: int
    peak_bytes: int
    largest_bytes: int
    kept_bytes: int
    kept_bytes_per_step: int
    buffer_bytes: int

    def peak_activation_bytes(self, batch_size: int) -> int:
        """Return the most bytes alive at once in inference; every tensor grows with the batch."""
        return batch_size * self.peak_bytes

    def kept_activation_bytes(self, batch_size: int) -> int:
        """Return the bytes that autograd saves for the backward pass, the images left out."""
        return batch_size * self.kept_bytes + self.kept_bytes_per_step

    def training_bytes(self, batch_size: int, params: int, optimizer: Optimizer) -> int:
        """Estimate a training step of a network with `params` weights."""
        weights = params * ELEMENT_BYTES * (2 + _OPTIMIZER_STATES[optimizer]) + self.buffer_bytes
        passing = batch_size * (self.input_bytes + 2 * self.largest_bytes)
        return weights + passing + self.kept_activation_bytes(batch_size)
