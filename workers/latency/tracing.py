"""The operations that a network's inference consists of.

An operation is the call of a module without children, or of one of torch's functions outside of
such a module: an addition, a concatenation. Two are the same if they are of the same kind and
configuration, on inputs of the same shapes; the text that names an operation says these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name


@dataclass(slots=True)
class Trace:
    """The operations of one inference in the order they ran, and the calls of other modules.

    `runs` has a way to run each different operation again, on the inputs that it had.
    """

    operations: list[str] = field(default_factory=list)
    containers: int = 0
    runs: dict[str, Callable[[], object]] = field(default_factory=dict)


def trace(network: nn.Module, images: Tensor) -> Trace:
    """Run inference once and note its operations; works on the meta device as well."""
    recorder = _Recorder()
    hooks = [hook for module in network.modules() for hook in recorder.watch(module)]
    try:
        with torch.inference_mode(), recorder:
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return recorder.trace


class _Recorder(TorchFunctionMode):
    """Sees every function that torch is asked for, and, by hooks, every module's call."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self._leaves = 0  # modules without children that are being called

    def watch(self, module: nn.Module) -> Iterable[Any]:
        """Hook into a module; returns the hooks."""
        is_leaf = next(module.children(), None) is None

        def enter(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not self._leaves:
                if is_leaf:
                    self._note(_module_name(module, args), lambda: module(*args, **kwargs))
                else:
                    self.trace.containers += 1
            self._leaves += is_leaf

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self._leaves -= is_leaf

        return (
            module.register_forward_pre_hook(enter, with_kwargs=True),
            module.register_forward_hook(leave),
        )

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        result = function(*args, **given)
        if not self._leaves and _makes_tensors(result):
            name = resolve_name(function) or getattr(function, "__name__", repr(function))
            operation = f"{name} {_shapes((args, given))}"
            self._note(operation, lambda: function(*args, **given))
        return result

    def _note(self, operation: str, run: Callable[[], object]) -> None:
        self.trace.operations.append(operation)
        self.trace.runs.setdefault(operation, run)


def _module_name(module: nn.Module, inputs: tuple[Any, ...]) -> str:
    """Name a module's call; parameters' shapes tell apart what does not describe itself."""
    kind = type(module)
    parameters = [tuple(p.shape) for p in module.parameters()]
    return (
        f"{kind.__module__}.{kind.__qualname__}({module.extra_repr()}) "
        f"{parameters} {_shapes(inputs)}"
    )


def _makes_tensors(result: Any) -> bool:
    """Tell a computation from a question for a size or a type."""
    if isinstance(result, Tensor):
        return True
    return isinstance(result, tuple | list) and any(isinstance(part, Tensor) for part in result)


def _shapes(value: Any) -> str:
    """Write arguments with each tensor as its shape."""
    if isinstance(value, Tensor):
        return "x".join(map(str, value.shape)) or "scalar"
    if isinstance(value, tuple | list):
        return f"({' '.join(map(_shapes, value))})"
    if isinstance(value, dict):
        return f"({' '.join(f'{name}={_shapes(part)}' for name, part in value.items())})"
    return repr(value)
