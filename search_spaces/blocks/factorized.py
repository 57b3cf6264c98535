"""A square filter as a row and a column, inside a bottleneck.

Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer
Vision, CVPR 2016, section 3.2, https://arxiv.org/abs/1512.00567; as an operation of cells in
Zoph et al. 2018, section 3, https://arxiv.org/abs/1707.07012. The bottleneck is that of AmoebaNet's
published code (Real et al. 2019, https://arxiv.org/abs/1802.01548).
"""

from torch import nn


class FactorizedConv(nn.Sequential):
    """1x1 to `eighths / 8` of the channels, 1 x kernel, kernel x 1, 1x1; ReLU before each.

    `(N, in, H, W)` to `(N, out, ceil(H/stride), ceil(W/stride))`; a batch norm stands behind each
    convolution, the row strides over the columns and the column over the rows.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        kernel_size: int = 7,
        eighths: int = 2,
    ) -> None:
        width = max(1, out_channels * eighths // 8)
        half = kernel_size // 2
        convolutions = (
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.Conv2d(
                width, width, (1, kernel_size), stride=(1, stride), padding=(0, half), bias=False
            ),
            nn.Conv2d(
                width, width, (kernel_size, 1), stride=(stride, 1), padding=(half, 0), bias=False
            ),
            nn.Conv2d(width, out_channels, 1, bias=False),
        )
        super().__init__()
        for convolution in convolutions:
            self.extend((nn.ReLU(), convolution, nn.BatchNorm2d(convolution.out_channels)))
