"""Inception: parallel 1x1, 3x3, larger and pooling branches, concatenated.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going Deeper with
Convolutions, CVPR 2015, figure 2 (b) and section 5, https://arxiv.org/abs/1409.4842; with the
batch norm of Ioffe, Szegedy: Batch Normalization, ICML 2015, https://arxiv.org/abs/1502.03167
"""

from torch import Tensor, cat, nn

from search_spaces.blocks.convolution import ConvLayer


class Inception(nn.Module):
    """Four branches side by side; arguments are named as the columns of the paper's table 1.

    `(N, in, H, W)` to `(N, ones + threes + fives + pooled, ceil(H/stride), ceil(W/stride))`. The
    third branch has a `large_kernel`, 5 in the paper. At stride 2 a 3x3 max pooling comes first,
    as between the paper's groups of modules.
    """

    def __init__(
        self,
        in_channels: int,
        stride: int = 1,
        *,
        ones: int,
        threes_reduce: int,
        threes: int,
        fives_reduce: int,
        fives: int,
        pooled: int,
        large_kernel: int = 5,
    ) -> None:
        super().__init__()
        self.pool = nn.Identity() if stride == 1 else nn.MaxPool2d(3, stride, padding=1)
        self.branches = nn.ModuleList(
            (
                ConvLayer(in_channels, ones, kernel_size=1),
                nn.Sequential(
                    ConvLayer(in_channels, threes_reduce, kernel_size=1),
                    ConvLayer(threes_reduce, threes, kernel_size=3),
                ),
                nn.Sequential(
                    ConvLayer(in_channels, fives_reduce, kernel_size=1),
                    ConvLayer(fives_reduce, fives, kernel_size=large_kernel),
                ),
                nn.Sequential(
                    nn.MaxPool2d(3, 1, padding=1),
                    ConvLayer(in_channels, pooled, kernel_size=1),
                ),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to the concatenation of the four branches."""
        x = self.pool(x)
        return cat([branch(x) for branch in self.branches], dim=1)
