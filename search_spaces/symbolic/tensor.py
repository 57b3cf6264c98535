"""A stand-in for a tensor that has a shape and no numbers."""

from __future__ import annotations

from math import prod
from typing import Any, Self

import torch

from search_spaces.memory import ELEMENT_BYTES
from search_spaces.symbolic.ledger import Ledger, Storage
from search_spaces.symbolic.windows import ReceptiveField

Shape = tuple[int, ...]


class SymbolicTensor:
    """A shape, batch included, and what is known of how it came about.

    `depth` is the number of convolutions and dense layers on the longest path to it, and
    `needs_grad` tells whether training computes a gradient for it.
    """

    __slots__ = ("depth", "field", "ledger", "needs_grad", "shape", "storage")

    dtype = torch.float32
    device = torch.device("meta")
    is_cuda = False
    requires_grad = False

    def __init__(
        self,
        shape: Shape,
        field: ReceptiveField,
        ledger: Ledger,
        *,
        storage: Storage | None = None,
        depth: int = 0,
        needs_grad: bool = False,
    ) -> None:
        self.shape = torch.Size(shape)
        self.field = field
        self.ledger = ledger
        self.storage = storage or Storage(ledger, ELEMENT_BYTES * prod(shape))
        self.depth = depth
        self.needs_grad = needs_grad

    @classmethod
    def image(cls, shape: Shape, ledger: Ledger) -> Self:
        """Return a batch of one `(C, H, W)` image, whose memory training counts as the input's."""
        made = cls((1, *shape), ReceptiveField(), ledger)
        made.storage.exclude()
        return made

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self.shape)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or one dimension of it."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """Return the number of elements."""
        return prod(self.shape)

    def derive(
        self, shape: Shape, field: ReceptiveField | None = None, *, storage: Storage | None = None
    ) -> Self:
        """Return a tensor of another shape that was computed from this one.

        It has memory of its own unless `storage` is given.
        """
        return type(self)(
            shape,
            self.field if field is None else field,
            self.ledger,
            storage=storage,
            depth=self.depth,
            needs_grad=self.needs_grad,
        )
