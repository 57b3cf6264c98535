"""What a network takes as a whole: the figures of an analysis without its layers."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.memory import MemoryUse, Optimizer


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a network, for one image: a few hundred bytes, whatever the network's size."""

    params: int
    """Trainable parameters."""
    macs: int
    """Multiply-accumulates for one image."""
    activations: int
    """Elements of all convolutions' outputs (Radosavovic et al. 2020, section 3.2)."""
    receptive_field: int
    """The largest receptive field before height and width are averaged away, in pixels."""
    depth: int
    """Layers with weights on the longest path from image to output, as classic networks are
    numbered: convolutions and dense layers count, batch norms do not, and neither do shortcuts
    beside a longer path; the two layers that compute the gates of an SE block do."""
    memory: MemoryUse

    def peak_activation_bytes(self, batch_size: int = 1) -> int:
        """Return the most bytes of tensors alive at once in inference, weights left out.

        Exact for eager execution in float32, the batch of images included; the workspace that
        kernels allocate and free inside is not.
        """
        return self.memory.peak_activation_bytes(batch_size)

    def training_bytes(self, batch_size: int, optimizer: Optimizer = "sgd") -> int:
        """Estimate the memory of a training step in float32; `MemoryUse` has the formula."""
        return self.memory.training_bytes(batch_size, self.params, optimizer)
