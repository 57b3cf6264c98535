"""Networks without numbers: on the meta device, and without the work of drawing weights there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

_META = torch.device("meta")

_MAKERS = frozenset(
    {
        *(torch.empty, torch.empty_strided, torch.empty_permuted, torch.zeros, torch.ones),
        *(torch.full, torch.rand, torch.randn, torch.randint, torch.randperm, torch.arange),
        *(torch.linspace, torch.logspace, torch.eye, torch.tril_indices, torch.triu_indices),
        *(torch.tensor, torch.as_tensor, torch.asarray, torch.scalar_tensor),
    }
)
"""What makes tensors on the device that it is told, or on the default one."""

_FILLS = frozenset(
    {
        *(init.normal_, init.uniform_, init.constant_, init.kaiming_uniform_),
        *(Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_),
    }
)


class Weightless(TorchFunctionMode):
    """Lets modules made inside have weights of a shape and no memory.

    To draw a weight on the meta device does nothing, but takes a large part of the time that
    making a network takes; and so does each further mode around it, such as `torch.device`.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call `function`, unless it would only fill a tensor without numbers."""
        given = dict(kwargs or {})
        if function in _FILLS:
            tensor = args[0] if args else given["tensor"]
            if tensor.is_meta:
                return tensor
        elif function in _MAKERS:
            if given.get("device") is None:
                given["device"] = _META
            made: Tensor = function(*args, **given)
            self.note(made)
            return made
        return function(*args, **given)

    def note(self, made: Tensor) -> None:
        """Take note of a tensor that was made from nothing; meant to be overridden."""
