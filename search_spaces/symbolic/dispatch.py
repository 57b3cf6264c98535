"""A symbolic tensor that modules take for a real one.

Torch hands every function call on it to `__torch_function__`, so any module can be run on it
without data and without torch's dispatcher, which on the meta device takes several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import EllipsisType
from typing import Any

import torch
from torch import Tensor

from search_spaces.symbolic.functions import HANDLERS, add, matmul, multiply
from search_spaces.symbolic.meta import run_on_meta_device
from search_spaces.symbolic.tensor import SymbolicTensor


class SymbolicInput(SymbolicTensor):
    """What a network is called with; everything made from it is one too."""

    __slots__ = ()

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run `function` on shapes; torch calls this where an argument is symbolic."""
        handler = HANDLERS.get(function)
        if handler is not None:
            return handler(*args, **(kwargs or {}))
        return run_on_meta_device(function, *args, **(kwargs or {}))

    def __getattr__(self, name: str) -> Any:
        """Offer the methods of `torch.Tensor` that are not written out here."""
        method = getattr(Tensor, name)
        if not callable(method):
            raise AttributeError(f"a symbolic tensor has no {name!r}")
        return lambda *args, **kwargs: self.__torch_function__(method, (), (self, *args), kwargs)

    def __getitem__(self, index: Any) -> SymbolicTensor:
        parts = index if isinstance(index, tuple) else (index,)
        if all(part is None or isinstance(part, int | slice | EllipsisType) for part in parts):
            cut = torch.empty(self.shape, device="meta")[index]
            return self.derive(cut.shape, storage=self.storage)
        picked: SymbolicTensor = run_on_meta_device(Tensor.__getitem__, self, index)
        return picked

    def __setitem__(self, index: Any, value: Any) -> None:
        """Change numbers, of which there are none."""

    def __neg__(self) -> SymbolicTensor:
        return self.derive(self.shape)

    def __add__(self, other: Any) -> SymbolicTensor:
        return add(self, other)

    def __mul__(self, other: Any) -> SymbolicTensor:
        return multiply(self, other)

    def __iadd__(self, other: Any) -> SymbolicTensor:
        return add(self, other, inplace=True)

    def __imul__(self, other: Any) -> SymbolicTensor:
        return multiply(self, other, inplace=True)

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __truediv__ = __mul__

    def __rtruediv__(self, other: Any) -> Any:
        return multiply(run_on_meta_device(torch.reciprocal, self), other)

    def __pow__(self, exponent: Any) -> Any:
        return run_on_meta_device(torch.pow, self, exponent)

    def __matmul__(self, other: Any) -> SymbolicTensor:
        return matmul(self, other)
