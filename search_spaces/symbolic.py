"""A stand-in for a tensor that has a shape and no numbers, to run a network's `forward` on.

Torch hands every function call on a `SymbolicTensor` to `__torch_function__`, so any module can
be run on it without data and without torch's dispatcher, which on the meta device takes several
times as long. Functions that are not known here are run on the meta device for their shapes.

Besides its shape a symbolic tensor carries its receptive field: for each of height and width
how many pixels of the image one of its elements sees, and by how many pixels the views of two
neighbours differ (Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural
Networks, Distill 2019, https://distill.pub/2019/computing-receptive-fields, equations 1 to 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Shape = tuple[int, ...]
Pair = tuple[int, int]


class SpatialSizeError(ValueError):
    """Raised when a window does not fit into what is left of the image."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Pixels seen by one element, and pixels between two neighbours, both `(height, width)`."""

    size: Pair = (1, 1)
    jump: Pair = (1, 1)

    def through(self, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> ReceptiveField:
        """Return the field behind a convolution or pooling window."""
        size = tuple(
            s + d * (k - 1) * j
            for s, k, d, j in zip(self.size, kernel, dilation, self.jump, strict=True)
        )
        jump = tuple(j * s for j, s in zip(self.jump, stride, strict=True))
        return ReceptiveField((size[0], size[1]), (jump[0], jump[1]))

    def joined(self, other: ReceptiveField) -> ReceptiveField:
        """Return the field of a sum or concatenation: the larger one in each direction."""
        return ReceptiveField(
            (max(self.size[0], other.size[0]), max(self.size[1], other.size[1])),
            (max(self.jump[0], other.jump[0]), max(self.jump[1], other.jump[1])),
        )


class SymbolicTensor:
    """A shape, batch included, and a receptive field."""

    __slots__ = ("field", "on_macs", "shape")

    def __init__(self, shape: Shape, field: ReceptiveField, on_macs: Callable[[int], None]) -> None:
        self.shape = torch.Size(shape)
        self.field = field
        self.on_macs = on_macs  # told the multiply-accumulates of each function that has some

    dtype = torch.float32
    device = torch.device("meta")
    is_cuda = False
    requires_grad = False

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

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run `function` on shapes; torch calls this where an argument is symbolic."""
        handler = _HANDLERS.get(function)
        if handler is not None:
            return handler(*args, **(kwargs or {}))
        return _on_meta_device(function, args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        """Offer the methods of `torch.Tensor` that are not written out here."""
        method = getattr(Tensor, name)
        if not callable(method):
            raise AttributeError(f"a symbolic tensor has no {name!r}")
        return lambda *args, **kwargs: self.__torch_function__(method, (), (self, *args), kwargs)

    def __getitem__(self, index: Any) -> SymbolicTensor:
        found: SymbolicTensor = _on_meta_device(Tensor.__getitem__, (self, index), {})
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        """Change numbers, of which there are none."""

    def __neg__(self) -> SymbolicTensor:
        return self

    def __add__(self, other: Any) -> SymbolicTensor:
        return _elementwise(self, other)

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __add__
    __truediv__ = __rtruediv__ = __pow__ = __iadd__ = __imul__ = __add__

    def __matmul__(self, other: Any) -> SymbolicTensor:
        return _matmul(self, other)

    def derive(self, shape: Shape, field: ReceptiveField | None = None) -> SymbolicTensor:
        """Return a tensor of another shape that was computed from this one."""
        return SymbolicTensor(shape, self.field if field is None else field, self.on_macs)


def _same(x: SymbolicTensor, *_args: Any, **_kwargs: Any) -> SymbolicTensor:
    return x


def _elementwise(first: Any, second: Any = None, *_args: Any, **_kwargs: Any) -> SymbolicTensor:
    """Broadcast; an operand of one pixel, such as an SE gate, leaves the field as it is.

    Strictly such a gate sees the whole image, but published receptive fields leave it out.
    """
    x: SymbolicTensor = first if isinstance(first, SymbolicTensor) else second
    other = second if x is first else first
    if not isinstance(other, SymbolicTensor):
        shape = getattr(other, "shape", ())
        return x if not shape else x.derive(_broadcast(x.shape, shape))
    shape = _broadcast(x.shape, other.shape)
    if x.shape == other.shape or x.ndim != 4 or other.ndim != 4:
        return x.derive(shape, x.field.joined(other.field))
    return (x if prod(x.shape[2:]) >= prod(other.shape[2:]) else other).derive(shape)


def _broadcast(first: Shape, second: Shape) -> Shape:
    shape: Shape = torch.broadcast_shapes(first, second)  # type: ignore[no-untyped-call]
    return shape


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
    dilations = _pair(dilation)
    if padding == "same":
        size = tuple(x.shape[2:])
        field = x.field.through(kernel, (1, 1), dilations)
    else:
        pads = (0, 0) if padding == "valid" else _pair(padding)
        strides = _pair(stride)
        size = tuple(
            _windows(n, k, s, p, d)
            for n, k, s, p, d in zip(x.shape[2:], kernel, strides, pads, dilations, strict=True)
        )
        field = x.field.through(kernel, strides, dilations)
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(f"{weight.shape[1] * groups} channels expected, got {x.shape[1]}")
    x.on_macs(weight.numel() * prod(size))
    return x.derive((x.shape[0], weight.shape[0], *size), field)


def _linear(x: SymbolicTensor, weight: Tensor, bias: Tensor | None = None) -> SymbolicTensor:
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"{weight.shape[1]} features expected, got {x.shape[-1]}")
    x.on_macs(weight.numel() * prod(x.shape[1:-1]))
    return x.derive((*x.shape[:-1], weight.shape[0]))


def _matmul(x: Any, other: Any) -> SymbolicTensor:
    result: SymbolicTensor = _on_meta_device(torch.matmul, (x, other), {})
    result.on_macs(result.numel() // result.shape[0] * x.shape[-1])
    return result


def _pool(
    x: SymbolicTensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    *more: Any,
    dilation: Any = 1,
    ceil_mode: bool = False,
    **_kwargs: Any,
) -> SymbolicTensor:
    kernel, pads, dilations = _pair(kernel_size), _pair(padding), _pair(dilation)
    strides = kernel if stride in (None, ()) else _pair(stride)
    size = tuple(
        _windows(n, k, s, p, d, ceil_mode=ceil_mode)
        for n, k, s, p, d in zip(x.shape[2:], kernel, strides, pads, dilations, strict=True)
    )
    return x.derive((*x.shape[:2], *size), x.field.through(kernel, strides, dilations))


def _avg_pool2d(
    x: SymbolicTensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    *_args: Any,
    **_kwargs: Any,
) -> SymbolicTensor:
    return _pool(x, kernel_size, stride, padding, ceil_mode=ceil_mode)


def _adaptive_pool(x: SymbolicTensor, output_size: Any, *_: Any, **_kwargs: Any) -> SymbolicTensor:
    """Pool to a given size; the windows have `ceil(in / out)` pixels, `floor(in / out)` apart."""
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
    size = tuple(n if w is None else w for n, w in zip(x.shape[2:], wanted, strict=True))
    kernel = tuple(-(-n // w) for n, w in zip(x.shape[2:], size, strict=True))
    stride = tuple(max(1, n // w) for n, w in zip(x.shape[2:], size, strict=True))
    field = x.field.through((kernel[0], kernel[1]), (stride[0], stride[1]))
    return x.derive((*x.shape[:2], *size), field)


def _flatten(x: SymbolicTensor, start_dim: int = 0, end_dim: int = -1) -> SymbolicTensor:
    start, end = start_dim % x.ndim, end_dim % x.ndim
    shape = (*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :])
    return x.derive(shape, _spread(x) if end > 1 else x.field)


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
    return first.derive((*first.shape[:axis], total, *first.shape[axis + 1 :]), field)


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


def _windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool = False
) -> int:
    """Count a window's positions: floor((in - k + 2p) / s) + 1 without dilation."""
    left = size + 2 * padding - dilation * (kernel - 1) - 1
    count = -(-left // stride) + 1 if ceil_mode else left // stride + 1
    # The last window of ceil mode must begin inside the image or its left padding.
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    if count < 1:
        raise SpatialSizeError(
            f"a window of {dilation * (kernel - 1) + 1} does not fit into {size} pixels "
            f"padded by {padding}"
        )
    return count


def _pair(value: Any) -> Pair:
    if isinstance(value, int):
        return (value, value)
    return (value[0], value[-1])


def _on_meta_device(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """Run any other function on the meta device; what comes out sees what went in."""
    sources = list(_symbolic_in([*args, *kwargs.values()]))
    field = sources[0].field
    for other in sources[1:]:
        field = field.joined(other.field)

    def real(value: Any) -> Any:
        if isinstance(value, SymbolicTensor):
            return torch.empty(value.shape, device="meta")
        if isinstance(value, Tensor):
            return value.to("meta")
        if isinstance(value, tuple | list):
            return type(value)(real(each) for each in value)
        return value

    def symbolic(value: Any) -> Any:
        if isinstance(value, Tensor):
            return SymbolicTensor(value.shape, field, sources[0].on_macs)
        if isinstance(value, tuple | list):
            return type(value)(symbolic(each) for each in value)
        return value

    return symbolic(function(*real(args), **{k: real(v) for k, v in kwargs.items()}))


def _symbolic_in(value: Any) -> Iterator[SymbolicTensor]:
    if isinstance(value, SymbolicTensor):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _symbolic_in(each)


_HANDLERS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    torch.conv2d: _conv2d,
    F.conv2d: _conv2d,
    F.linear: _linear,
    torch.matmul: _matmul,
    F.max_pool2d: _pool,
    torch.max_pool2d: _pool,
    F.avg_pool2d: _avg_pool2d,
    F.adaptive_avg_pool2d: _adaptive_pool,
    F.adaptive_max_pool2d: _adaptive_pool,
    torch.flatten: _flatten,
    Tensor.flatten: _flatten,
    torch.mean: _mean,
    Tensor.mean: _mean,
    torch.cat: _cat,
    F.pad: _pad,
    torch.add: _elementwise,
    torch.mul: _elementwise,
    **dict.fromkeys(
        (
            F.batch_norm,
            F.layer_norm,
            F.group_norm,
            F.local_response_norm,
            F.relu,
            F.relu6,
            F.silu,
            F.gelu,
            F.hardswish,
            F.hardsigmoid,
            F.hardtanh,
            F.leaky_relu,
            F.elu,
            F.dropout,
            F.dropout2d,
            torch.relu,
            torch.sigmoid,
            torch.tanh,
            Tensor.relu,
            Tensor.sigmoid,
            Tensor.tanh,
            Tensor.contiguous,
        ),
        _same,
    ),
    **dict.fromkeys(
        (
            Tensor.add,
            Tensor.sub,
            Tensor.mul,
            Tensor.div,
            Tensor.__add__,
            Tensor.__radd__,
            Tensor.__sub__,
            Tensor.__rsub__,
            Tensor.__mul__,
            Tensor.__rmul__,
            Tensor.__truediv__,
        ),
        _elementwise,
    ),
}
