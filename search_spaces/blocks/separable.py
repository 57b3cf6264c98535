"""Depthwise-separable convolution: as in MobileNet, and applied twice as in NAS cells.

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam: MobileNets: Efficient
Convolutional Neural Networks for Mobile Vision Applications, 2017, section 3.1 and figure 3,
https://arxiv.org/abs/1704.04861
Chollet: Xception, CVPR 2017, https://arxiv.org/abs/1610.02357
Zoph et al.: Learning Transferable Architectures, CVPR 2018, appendix A.4 (applied twice),
https://arxiv.org/abs/1707.07012
"""

from torch import nn

from search_spaces.blocks.activation import activation_module


class DepthwiseSeparable(nn.Sequential):
    """Depthwise `kernel_size` convolution, then pointwise; batch norm and activation after each.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; the depthwise half strides.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        kernel_size: int = 3,
        activation: str = "relu",
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                in_channels,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2,
                groups=in_channels,
                bias=False,
            ),
            nn.BatchNorm2d(in_channels),
            activation_module(activation),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            activation_module(activation),
        )


class SeparableConv(nn.Sequential):
    """Twice ReLU, depthwise `kernel_size` and pointwise convolution, batch norm.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; the first half strides and
    changes the channels.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, kernel_size: int = 3
    ) -> None:
        super().__init__(
            *_depthwise_pointwise(in_channels, out_channels, stride, kernel_size),
            *_depthwise_pointwise(out_channels, out_channels, 1, kernel_size),
        )


class DilatedSeparableConv(nn.Sequential):
    """ReLU, depthwise `kernel_size` convolution with holes, pointwise convolution, batch norm.

    Yu, Koltun: Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016,
    https://arxiv.org/abs/1511.07122; once, as in Liu, Simonyan, Yang: DARTS, ICLR 2019, section
    3.1, https://arxiv.org/abs/1806.09055. `(N, in, H, W)` to
    `(N, out, ceil(H/stride), ceil(W/stride))`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        kernel_size: int = 3,
        dilation: int = 2,
    ) -> None:
        super().__init__(
            *_depthwise_pointwise(in_channels, out_channels, stride, kernel_size, dilation)
        )


def _depthwise_pointwise(
    in_channels: int, out_channels: int, stride: int, kernel_size: int, dilation: int = 1
) -> tuple[nn.Module, ...]:
    return (
        nn.ReLU(),
        nn.Conv2d(
            in_channels,
            in_channels,
            kernel_size,
            stride=stride,
            padding=dilation * (kernel_size // 2),
            dilation=dilation,
            groups=in_channels,
            bias=False,
        ),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
    )
