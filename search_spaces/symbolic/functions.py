"""What torch's functions do to symbolic tensors: shapes, fields, memory.

Each handler says which tensors autograd saves for its function's backward pass, as torch's
`tools/autograd/derivatives.yaml` defines it: a convolution its input, a ReLU its output, a sum
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from search_spaces.memory import ELEMENT_BYTES
from search_spaces.symbolic import pooling
from search_spaces.symbolic.ledger import Storage
from search_spaces.symbolic.meta import run_on_meta_device
from search_spaces.symbolic.tensor import Shape, SymbolicTensor
from search_spaces.symbolic.windows import ReceptiveField, count_windows, pair


def add(first: Any, second: Any, *, inplace: bool = False, **_kwargs: Any) -> SymbolicTensor:
    """Add or subtract: nothing is saved."""
    return _combine(first, second, inplace)


def multiply(first: Any, second: Any, *, inplace: bool = False, **_kwargs: Any) -> SymbolicTensor:
    """Multiply or divide: each factor is saved for the other's gradient."""
    for factor, other in ((first, second), (second, first)):
        if isinstance(factor, SymbolicTensor) and _needs_grad(other):
            factor.storage.keep()
    return _combine(first, second, inplace)


def matmul(x: Any, other: Any) -> SymbolicTensor:
    """Multiply matrices and count it; either may be a parameter."""
    product: SymbolicTensor = run_on_meta_device(torch.matmul, x, other)
    product.ledger.macs += product.numel() // product.shape[0] * x.shape[-1]
    return product


def _needs_grad(value: Any) -> bool:
    if isinstance(value, SymbolicTensor):
        return value.needs_grad
    return isinstance(value, Tensor) and value.requires_grad


def _combine(first: Any, second: Any, inplace: bool) -> SymbolicTensor:
    """Broadcast; an operand of one pixel, such as an SE gate, leaves the field as it is.

    Strictly such a gate sees the whole image, but published receptive fields leave it out.
    """
    x: SymbolicTensor = first if isinstance(first, SymbolicTensor) else second
    other = second if x is first else first
    result = x.derive(_broadcast(x, other), storage=x.storage if inplace else None)
    if isinstance(other, SymbolicTensor):
        result.depth = max(x.depth, other.depth)
        if x.shape == other.shape or x.ndim != 4 or other.ndim != 4:
            result.field = x.field.joined(other.field)
        elif prod(x.shape[2:]) < prod(other.shape[2:]):
            result.field = other.field
    result.needs_grad = x.needs_grad or _needs_grad(other)
    return result


def _broadcast(x: SymbolicTensor, other: Any) -> Shape:
    shape = getattr(other, "shape", ())
    if not shape or shape == x.shape:
        return x.shape
    both: Shape = torch.broadcast_shapes(x.shape, shape)  # type: ignore[no-untyped-call]
    return both


def _conv2d(
    x: SymbolicTensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> SymbolicTensor:
    kernel = (weight.shape[2], weight.shape[3])
    dilations = pair(dilation)
    if padding == "same":
        size = tuple(x.shape[2:])
        field = x.field.through(kernel, (1, 1), dilations)
    else:
        pads = (0, 0) if padding == "valid" else pair(padding)
        strides = pair(stride)
        size = tuple(
            count_windows(n, k, s, p, d)
            for n, k, s, p, d in zip(x.shape[2:], kernel, strides, pads, dilations, strict=True)
        )
        field = x.field.through(kernel, strides, dilations)
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(f"{weight.shape[1] * groups} channels expected, got {x.shape[1]}")
    x.ledger.macs += weight.numel() * prod(size)
    return _weighted(x, weight, (x.shape[0], weight.shape[0], *size), field)


def _linear(x: SymbolicTensor, weight: Tensor, bias: Tensor | None = None) -> SymbolicTensor:
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"{weight.shape[1]} features expected, got {x.shape[-1]}")
    x.ledger.macs += weight.numel() * prod(x.shape[1:-1])
    return _weighted(x, weight, (*x.shape[:-1], weight.shape[0]), x.field)


def _weighted(
    x: SymbolicTensor, weight: Tensor, shape: Shape, field: ReceptiveField
) -> SymbolicTensor:
    """Return a layer's output; its input is saved for the gradient of the weights."""
    output = x.derive(shape, field)
    output.depth += 1
    output.needs_grad = x.needs_grad or weight.requires_grad
    if output.needs_grad:
        x.storage.keep()
    return output


def _batch_norm(
    x: SymbolicTensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    *_args: Any,
    **_kwargs: Any,
) -> SymbolicTensor:
    """Normalise; saved are the input and each channel's mean and inverse deviation."""
    output = x.derive(x.shape)
    output.needs_grad = x.needs_grad or _needs_grad(weight)
    if output.needs_grad:
        x.storage.keep()
        x.ledger.kept_per_step += 2 * ELEMENT_BYTES * x.shape[1]
    return output


def _activation(*, saves_output: bool) -> Callable[..., SymbolicTensor]:
    """Make the handler of an activation function, which saves its output or its input."""

    def activate(
        x: SymbolicTensor, *_args: Any, inplace: bool = False, **_kwargs: Any
    ) -> SymbolicTensor:
        output = x if inplace else x.derive(x.shape)
        if x.needs_grad:
            (output if saves_output else x).storage.keep()
        return output

    return activate


def _dropout(
    x: SymbolicTensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> SymbolicTensor:
    """Pass on what training would multiply by saved noise, which gives a tensor of its own.

    Counted as on the CPU, where noise is float32; a GPU keeps a byte for each element.
    """
    if p == 0:
        return x
    if x.needs_grad:
        x.ledger.kept += ELEMENT_BYTES * x.numel()
    if training:
        return x if inplace else x.derive(x.shape)
    return x.derive(x.shape, storage=Storage(x.ledger, x.storage.size, base=x.storage))


def _flatten(x: SymbolicTensor, start_dim: int = 0, end_dim: int = -1) -> SymbolicTensor:
    start, end = start_dim % x.ndim, end_dim % x.ndim
    shape = (*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :])
    return x.derive(shape, _spread(x) if end > 1 else x.field, storage=x.storage)


def _mean(x: SymbolicTensor, dim: Any = None, keepdim: bool = False, **_: Any) -> SymbolicTensor:
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    reduced = {d % x.ndim for d in dims}
    shape = tuple(
        1 if d in reduced else n for d, n in enumerate(x.shape) if keepdim or d not in reduced
    )
    return x.derive(shape, _spread(x) if reduced & {2, 3} else x.field)


def _cat(tensors: Any, dim: int = 0, **_kwargs: Any) -> SymbolicTensor:
    symbolic = [t for t in tensors if isinstance(t, SymbolicTensor)]
    first = symbolic[0]
    axis = dim % first.ndim
    for other in tensors:
        if (*other.shape[:axis], *other.shape[axis + 1 :]) != (
            *first.shape[:axis],
            *first.shape[axis + 1 :],
        ):
            raise ValueError(f"cannot concatenate {tuple(first.shape)} and {tuple(other.shape)}")
    field = first.field
    for other in symbolic[1:]:
        field = field.joined(other.field)
    total = sum(t.shape[axis] for t in tensors)
    output = first.derive((*first.shape[:axis], total, *first.shape[axis + 1 :]), field)
    output.depth = max(t.depth for t in symbolic)
    output.needs_grad = any(map(_needs_grad, tensors))
    return output


def _pad(x: SymbolicTensor, pad: Any, *_args: Any, **_kwargs: Any) -> SymbolicTensor:
    shape = list(x.shape)
    for position, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True), 1):
        shape[-position] += before + after
    return x.derive(tuple(shape))


def _spread(x: SymbolicTensor) -> ReceptiveField:
    """Return the field of all of `x`'s pixels together."""
    if x.ndim != 4:
        return x.field
    return x.field.through((x.shape[2], x.shape[3]), (1, 1))


_saves_output, _saves_input = _activation(saves_output=True), _activation(saves_output=False)

HANDLERS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    torch.conv2d: _conv2d,
    F.conv2d: _conv2d,
    F.linear: _linear,
    torch.matmul: matmul,
    F.batch_norm: _batch_norm,
    F.max_pool2d: pooling.max_pool2d,
    torch.max_pool2d: pooling.max_pool2d,
    F.avg_pool2d: pooling.avg_pool2d,
    F.adaptive_avg_pool2d: pooling.adaptive_avg_pool2d,
    F.adaptive_max_pool2d: pooling.adaptive_max_pool2d,
    F.dropout: _dropout,
    torch.flatten: _flatten,
    Tensor.flatten: _flatten,
    torch.mean: _mean,
    Tensor.mean: _mean,
    torch.cat: _cat,
    F.pad: _pad,
    Tensor.contiguous: lambda x, **_kwargs: x,
    **dict.fromkeys(
        (F.relu, torch.relu, Tensor.relu, torch.sigmoid, Tensor.sigmoid, torch.tanh, Tensor.tanh),
        _saves_output,
    ),
    **dict.fromkeys(
        (F.relu6, F.silu, F.gelu, F.hardswish, F.hardsigmoid, F.hardtanh, F.leaky_relu, F.elu),
        _saves_input,
    ),
    **dict.fromkeys((torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__), add),
    **dict.fromkeys((Tensor.sub, Tensor.__sub__, Tensor.__rsub__), add),
    **dict.fromkeys((torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__), multiply),
    **dict.fromkeys((Tensor.div, Tensor.__truediv__), multiply),
}
