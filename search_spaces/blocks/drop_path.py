"""Stochastic depth: a residual branch that is left out at random while training.

Huang, Sun, Liu, Sedra, Weinberger: Deep Networks with Stochastic Depth, ECCV 2016, section 3,
https://arxiv.org/abs/1603.09382; scaled at training time as in EfficientNet's code.
"""

from torch import Tensor, nn


class DropPath(nn.Module):
    """Zeroes each image's branch with `probability` and scales the others to keep the mean.

    `(N, C, H, W)` to the same shape; passes its input on in evaluation.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, C, H, W)`."""
        if not self.training or self.probability == 0:
            return x
        kept = 1 - self.probability
        mask = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(kept)
        return x * (mask / kept)

    def extra_repr(self) -> str:
        """Show the probability in the module's text."""
        return f"probability={self.probability}"
