"""Pooling of symbolic tensors: average pooling saves its input, max pooling indices as well."""

from __future__ import annotations

from typing import Any

from search_spaces.symbolic.tensor import SymbolicTensor
from search_spaces.symbolic.windows import count_windows, pair

_INDEX_BYTES = 8
"""Max pooling notes where each maximum was in 64 bits."""


def max_pool2d(
    x: SymbolicTensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    **_kwargs: Any,
) -> SymbolicTensor:
    """Take the maximum of each window."""
    return _maxima(x, _pool(x, kernel_size, stride, padding, dilation, ceil_mode))


def adaptive_max_pool2d(x: SymbolicTensor, output_size: Any, **_kwargs: Any) -> SymbolicTensor:
    """Take maxima of windows that give a wanted size."""
    return _maxima(x, _adaptive_pool(x, output_size))


def _maxima(x: SymbolicTensor, output: SymbolicTensor) -> SymbolicTensor:
    """Count the indices of the maxima: made even in evaluation, saved in training."""
    indices = _INDEX_BYTES * output.numel()
    x.ledger.spend(indices)
    if x.needs_grad:
        x.storage.keep()
        x.ledger.kept += indices
    return output


def avg_pool2d(
    x: SymbolicTensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *_args: Any,
    **_kwargs: Any,
) -> SymbolicTensor:
    """Average each window."""
    if x.needs_grad:
        x.storage.keep()
    return _pool(x, kernel_size, stride, padding, 1, ceil_mode)


def adaptive_avg_pool2d(x: SymbolicTensor, output_size: Any, *_args: Any) -> SymbolicTensor:
    """Average windows that give a wanted size."""
    output = _adaptive_pool(x, output_size)
    if x.needs_grad and tuple(output.shape[2:]) != (1, 1):  # else torch takes the mean
        x.storage.keep()
    return output


def _pool(
    x: SymbolicTensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> SymbolicTensor:
    kernel, pads, dilations = pair(kernel_size), pair(padding), pair(dilation)
    strides = kernel if stride in (None, ()) else pair(stride)
    size = tuple(
        count_windows(n, k, s, p, d, ceil_mode=ceil_mode)
        for n, k, s, p, d in zip(x.shape[2:], kernel, strides, pads, dilations, strict=True)
    )
    return x.derive((*x.shape[:2], *size), x.field.through(kernel, strides, dilations))


def _adaptive_pool(x: SymbolicTensor, output_size: Any) -> SymbolicTensor:
    """Pool to a given size; the windows have `ceil(in / out)` pixels, `floor(in / out)` apart."""
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
    size = tuple(n if w is None else w for n, w in zip(x.shape[2:], wanted, strict=True))
    kernel = tuple(-(-n // w) for n, w in zip(x.shape[2:], size, strict=True))
    stride = tuple(max(1, n // w) for n, w in zip(x.shape[2:], size, strict=True))
    field = x.field.through((kernel[0], kernel[1]), (stride[0], stride[1]))
    return x.derive((*x.shape[:2], *size), field)
