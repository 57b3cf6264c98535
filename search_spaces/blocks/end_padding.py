"""Padding with the odd pixel at the end, as in TensorFlow and in weights that come from it.

TensorFlow, `tf.nn`, section on padding ("SAME"),
https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2

With stride 2 on an even number of pixels, a window of odd size needs an even total less one: the
image is padded more at its end, so that windows sit on other pixels than under symmetric padding.
"""

from torch import Tensor, nn


class EndPadded(nn.Module):
    """A strided convolution or pooling that pads its input so that `out = ceil(in / stride)`.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`. Average pooling counts what is
    padded as zeros. TensorFlow leaves it out; timm's networks, which have TensorFlow's weights,
    count it, and this is to compute what they compute.
    """

    def __init__(self, layer: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) -> None:
        super().__init__()
        self.kernel = _pair(layer.kernel_size)
        self.stride = _pair(layer.stride)
        self.dilation = _pair(getattr(layer, "dilation", 1))
        self.value = float("-inf") if isinstance(layer, nn.MaxPool2d) else 0.0
        layer.padding = (0, 0)
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`."""
        pads: list[int] = []
        for axis in (1, 0):  # torch pads the last dimension first
            size, stride = x.shape[2 + axis], self.stride[axis]
            window = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            total = max(0, (-(-size // stride) - 1) * stride + window - size)
            pads += [total // 2, total - total // 2]
        padded: Tensor = self.layer(nn.functional.pad(x, pads, "constant", self.value))
        return padded


def pad_at_end(network: nn.Module) -> None:
    """Put `EndPadded` around every layer of `network` that both strides and pads."""
    for name, child in list(network.named_children()):
        if isinstance(child, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            if max(_pair(child.stride)) > 1 and max(_pair(child.padding)) > 0:
                setattr(network, name, EndPadded(child))
        else:
            pad_at_end(child)


def _pair(value: int | str | tuple[int, ...]) -> tuple[int, int]:
    if isinstance(value, str):
        raise TypeError(f"padding {value!r}, allowed: a number of pixels")
    return (value, value) if isinstance(value, int) else (value[0], value[1])
