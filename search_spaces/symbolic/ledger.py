"""What a run on symbolic tensors would cost: multiply-accumulates, and bytes over time.

Memory is followed as eager execution spends it. Every tensor has a storage, which views and
in-place results share; a storage counts from its creation until Python frees the last tensor
that uses it, and since the network's own `forward` runs here, that happens where it does with
real tensors. Kernels' workspace is not counted.
"""

from __future__ import annotations


class Ledger:
    """Sums of one run; all bytes are for the batch that is run, at 4 bytes an element."""

    __slots__ = ("kept", "kept_per_step", "largest", "live", "macs", "peak")

    def __init__(self) -> None:
        self.macs = 0
        """Multiply-accumulates for one image since the reader last took them."""
        self.live = 0
        """Bytes of the tensors alive now."""
        self.peak = 0
        """The most bytes alive at once so far."""
        self.largest = 0
        """Bytes of the largest tensor so far."""
        self.kept = 0
        """Bytes that training keeps until the backward pass, in proportion to the batch."""
        self.kept_per_step = 0
        """Bytes that training keeps whatever the batch: statistics per channel."""

    def spend(self, size: int) -> None:
        """Count `size` bytes as alive for a moment beside what is."""
        self.peak = max(self.peak, self.live + size)


class Storage:
    """The memory of a tensor and of all its views; freed with the last of them.

    With a `base` it takes memory in training alone: in evaluation its tensor is the base's.
    """

    __slots__ = ("_base", "_is_kept", "_ledger", "size")

    def __init__(self, ledger: Ledger, size: int, base: Storage | None = None) -> None:
        self._ledger, self.size, self._base = ledger, size, base
        self._is_kept = False
        if base is None:
            ledger.live += size
            if ledger.live > ledger.peak:
                ledger.peak = ledger.live
            if size > ledger.largest:
                ledger.largest = size

    def keep(self) -> None:
        """Note that the backward pass needs this storage; counted once."""
        if not self._is_kept:
            self._is_kept = True
            self._ledger.kept += self.size

    def exclude(self) -> None:
        """Note that this storage is counted elsewhere, whether or not it is kept."""
        self._is_kept = True

    def __del__(self) -> None:
        if self._base is None:
            self._ledger.live -= self.size
