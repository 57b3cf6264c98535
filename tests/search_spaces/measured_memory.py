"""What networks take in reality: saved tensors and live storages, measured while they run."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def saved_bytes(network: nn.Module, images: Tensor) -> int:
    """Return the bytes that autograd saves in `forward`, without images, weights and buffers."""
    known = {address(t) for t in (images, *network.parameters(), *network.buffers())}
    saved: dict[int, Tensor] = {}

    def save(tensor: Tensor) -> Tensor:
        saved[address(tensor)] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        logits = network.train()(images)
    assert logits.requires_grad
    return sum(t.untyped_storage().nbytes() for at, t in saved.items() if at not in known)


def inference_peak_bytes(network: nn.Module, images: Tensor) -> int:
    """Return the most bytes alive at once in evaluation, without weights and buffers."""
    network.eval()
    before = _Storages()
    for tensor in (*network.parameters(), *network.buffers()):
        before.note(tensor)
    weights = before.live
    before.note(images)
    with torch.no_grad(), before:
        network(images)
    return before.peak - weights


def training_peak_bytes(network: nn.Module, images: Tensor, optimizer: Optimizer) -> int:
    """Return the most bytes alive at once in a training step that is not the first."""
    labels = torch.zeros(len(images), dtype=torch.long)
    network.train()

    def step() -> None:
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    storages = _Storages()
    states = [v for state in optimizer.state.values() for v in state.values()]
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    for tensor in (*network.parameters(), *network.buffers(), *gradients, *states, images):
        storages.note(tensor)
    del gradients
    with storages:
        step()
    return storages.peak


class _Storages(TorchDispatchMode):
    """Follows each storage that an operator returns until it is freed."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._noted: dict[int, int] = {}

    def note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        at, size = address(tensor), storage.nbytes()
        if at in self._noted or size == 0:
            return
        self._noted[at] = size
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._free, at)

    def _free(self, at: int) -> None:
        self.live -= self._noted.pop(at)

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        outputs = function(*args, **(kwargs or {}))
        for output in tree_leaves(outputs):
            if isinstance(output, Tensor):
                self.note(output)
        return outputs


def address(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
