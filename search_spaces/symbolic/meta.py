"""Any function on symbolic tensors, by way of torch's meta device.

It takes several times as long as a handler of `functions`, but knows every function: its
outputs' shapes, which of them share memory with what went in, and what autograd saves of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from search_spaces.symbolic.ledger import Storage
from search_spaces.symbolic.tensor import SymbolicTensor
from search_spaces.symbolic.windows import ReceptiveField


def run_on_meta_device(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run `function`; what comes out sees what went in.

    Memory that a function made of several operators takes on the way and frees is not counted.
    """
    given = (*args, *kwargs.values())
    sources = list(symbolic_in(given))
    storages = _Storages(sources[0])
    real_args = [storages.real(each) for each in args]
    real_kwargs = {name: storages.real(each) for name, each in kwargs.items()}
    saved: list[Tensor] = []

    def save(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(save, lambda saved: saved):
        outputs = function(*real_args, **real_kwargs)
    field = sources[0].field
    for other in sources[1:]:
        field = field.joined(other.field)
    result = _symbolic(outputs, sources[0], storages, field)
    depth = max(source.depth for source in sources)
    depth += any(isinstance(each, nn.Parameter) and each.ndim > 1 for each in given)
    for made in symbolic_in(result):
        made.depth = depth
    for tensor in saved:
        storages.keep(tensor)
    return result


def symbolic_in(value: Any) -> Iterator[SymbolicTensor]:
    """Yield the symbolic tensors in a value as functions take and return them."""
    if isinstance(value, SymbolicTensor):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from symbolic_in(each)


def _symbolic(
    value: Any, source: SymbolicTensor, storages: _Storages, field: ReceptiveField
) -> Any:
    """Return what stands for the outputs of a function."""
    if isinstance(value, Tensor):
        made = source.derive(value.shape, field, storage=storages.of(value))
        made.needs_grad = value.requires_grad
        return made
    if isinstance(value, tuple | list):
        return type(value)(_symbolic(each, source, storages, field) for each in value)
    return value


class _Storages:
    """Which symbolic storage stands for the memory of which tensor of one call."""

    def __init__(self, source: SymbolicTensor) -> None:
        self._ledger = source.ledger
        self._known: dict[int, Storage] = {}
        self._held: list[Tensor] = []  # so that no address is used twice

    def real(self, value: Any) -> Any:
        """Return what the function is to be called with instead of `value`."""
        if isinstance(value, SymbolicTensor):
            made = torch.empty(value.shape, device="meta")
            if value.needs_grad:
                made = made.requires_grad_().clone()  # no leaf, so that it may be changed in place
            return self._note(made, value.storage)
        if isinstance(value, Tensor):
            return self._note(value.to("meta"), Storage(self._ledger, 0))  # counted with weights
        if isinstance(value, tuple | list):
            return type(value)(self.real(each) for each in value)
        return value

    def of(self, tensor: Tensor) -> Storage:
        """Return the storage of an output: of what it is a view of, or its own."""
        found = self._known.get(_address(tensor))
        if found is None:
            found = Storage(self._ledger, tensor.untyped_storage().nbytes())
            self._note(tensor, found)
        return found

    def keep(self, tensor: Tensor) -> None:
        """Note that autograd has saved `tensor`, which may have been made on the way."""
        found = self._known.get(_address(tensor))
        if found is None:
            self._ledger.kept += tensor.untyped_storage().nbytes()
            self._note(tensor, Storage(self._ledger, 0))
        else:
            found.keep()

    def _note(self, tensor: Tensor, storage: Storage) -> Tensor:
        self._known[_address(tensor)] = storage
        self._held.append(tensor)
        return tensor


def _address(tensor: Tensor) -> int:
    address: int = tensor.untyped_storage()._cdata
    return address
