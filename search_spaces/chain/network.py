"""The network of a chain of convolutions with skip connections.

Zoph, Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section 3.3 and
figure 4, https://arxiv.org/abs/1611.01578

It takes plain tuples and needs torch alone, so that it can be written out as standalone code.
"""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, cat, nn

from search_spaces.blocks.head_pool import head_pool


class ChainLayer(NamedTuple):
    """What a layer does and which earlier layers it takes; none: the image."""

    filter_height: int
    filter_width: int
    filters: int
    stride_height: int
    stride_width: int
    pooled: bool
    inputs: tuple[int, ...]


class ConvLayer(nn.Sequential):
    """Convolution, batch norm, ReLU (section 4.1), and max pooling where `pooled`.

    `(N, in, H, W)` to `(N, filters, ceil(H/stride_height), ceil(W/stride_width))`, halved once
    more, rounding up, by the pooling.
    """

    def __init__(self, in_channels: int, layer: ChainLayer) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                layer.filters,
                (layer.filter_height, layer.filter_width),
                stride=(layer.stride_height, layer.stride_width),
                padding=(layer.filter_height // 2, layer.filter_width // 2),
                bias=False,
            ),
            nn.BatchNorm2d(layer.filters),
            nn.ReLU(),
        )
        if layer.pooled:
            self.append(nn.MaxPool2d(3, 2, padding=1))


def concatenate(inputs: Sequence[Tensor]) -> Tensor:
    """Concatenate `(N, C_i, H_i, W_i)` in depth, smaller ones padded with zeros (section 3.3).

    The zeros go to the right and below: `(N, sum C_i, max H_i, max W_i)`.
    """
    height = max(x.shape[2] for x in inputs)
    width = max(x.shape[3] for x in inputs)
    padded = [
        x
        if (x.shape[2], x.shape[3]) == (height, width)
        else nn.functional.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]))
        for x in inputs
    ]
    return padded[0] if len(padded) == 1 else cat(padded, dim=1)


class ChainNetwork(nn.Module):
    """Layers in order, then global average or max pooling and a linear classifier.

    `(N, in_channels, H, W)` images to `(N, num_classes)` logits, any `H, W >= 1`.
    """

    def __init__(
        self,
        layers: Sequence[ChainLayer],
        *,
        in_channels: int,
        num_classes: int,
        pool: str = "average",
    ) -> None:
        super().__init__()
        self.inputs = [layer.inputs for layer in layers]
        used = {source for layer in layers for source in layer.inputs}
        self.unused = [number for number in range(len(layers)) if number not in used]
        self.layers = nn.ModuleList(
            ConvLayer(sum(layers[s].filters for s in layer.inputs) or in_channels, layer)
            for layer in layers
        )
        self.head = nn.Sequential(
            head_pool(pool),
            nn.Flatten(),
            nn.Linear(sum(layers[number].filters for number in self.unused), num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        outputs: list[Tensor] = []
        for inputs, layer in zip(self.inputs, self.layers, strict=True):
            x = concatenate([outputs[s] for s in inputs]) if inputs else images
            outputs.append(layer(x))
        logits: Tensor = self.head(concatenate([outputs[number] for number in self.unused]))
        return logits
