"""A supernet: the weights of all operations at all places, and candidates as paths through them.

Pham, Guan, Zoph, Le, Dean: Efficient Neural Architecture Search via Parameter Sharing, ICML 2018,
section 2, https://arxiv.org/abs/1802.03268. A candidate's network is the space's own: it is built
without weights, and run on tensors of the supernet, of which it takes those of the operations
that it has. Nothing of a network is written a second time here.

Batch norms take the statistics of the batch, in training and in evaluation alike: running
averages over different paths would fit none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from search_spaces import build
from search_spaces.base import Architecture, InputShape
from search_spaces.symbolic import Weightless


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate's parameter lies among the shared ones.

    `inputs` are the input channels that it takes of a shared weight with more of them, None for
    all.
    """

    name: str
    inputs: Sequence[int] | None = None


class Supernet(nn.Module, ABC):
    """Shared weights of a space for `(N, C, H, W)` images in [0, 1]; see the module's docstring.

    A subclass makes the shared modules in its constructor and says where a candidate's
    parameters lie in them.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, input_shape: InputShape, num_classes: int) -> None:
        super().__init__()
        self.input_shape, self.num_classes = input_shape, num_classes
        self.register_buffer("mean", torch.zeros(1, input_shape[0], 1, 1))
        self.register_buffer("std", torch.ones(1, input_shape[0], 1, 1))

    @abstractmethod
    def place(self, network: nn.Module, parameter: str) -> Place:
        """Say where the parameter of this name of a candidate's network is shared."""

    @cached_property
    def _shared(self) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def path(self, architecture: Architecture) -> Path:
        """Return a candidate, ready to run on the shared weights."""
        with Weightless():
            network = build(architecture.canonical(), self.input_shape, self.num_classes)
        drop_running_statistics(network)
        tensors, inputs = {}, {}
        for name, parameter in network.named_parameters():
            place = self.place(network, name)
            tensors[name] = self._shared[place.name]
            if place.inputs is not None and parameter.shape != tensors[name].shape:
                inputs[name] = torch.tensor(place.inputs, device=self.mean.device)
        return Path(self, network, tensors, inputs)


@dataclass(frozen=True)
class Path:
    """One candidate on a supernet's weights; gradients flow into these.

    `network` has no weights of its own; `tensors` are the shared ones by the names that it has
    for them, of some of which it takes the input channels in `inputs` alone.
    """

    supernet: Supernet
    network: nn.Module
    tensors: Mapping[str, Tensor]
    inputs: Mapping[str, Tensor]

    def logits(self, images: Tensor, *, training: bool) -> Tensor:
        """Map `(N, C, H, W)` images in [0, 1] to `(N, num_classes)` logits."""
        self.network.train(training)
        taken = {
            name: tensor.index_select(1, self.inputs[name]) if name in self.inputs else tensor
            for name, tensor in self.tensors.items()
        }
        normalized = (images - self.supernet.mean) / self.supernet.std
        logits: Tensor = functional_call(self.network, taken, (normalized,), strict=True)
        return logits


def drop_running_statistics(network: nn.Module) -> None:
    """Let every batch norm take the statistics of the batch, whatever the mode."""
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
