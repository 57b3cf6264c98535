"""The network together with the normalisation of its data set, so that exports need no recipe.

It needs torch alone: exported code carries it along.
"""

from torch import Tensor, nn, ones, zeros
from torch.nn import functional as F


class Classifier(nn.Module):
    """Normalises images per channel, then classifies: `(N, C, H, W)` in [0, 1] to logits.

    The channels' mean and standard deviation are buffers, hence part of the weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, in_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", zeros(1, in_channels, 1, 1))
        self.register_buffer("std", ones(1, in_channels, 1, 1))
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, C, H, W)` images with values in [0, 1] to `(N, num_classes)` logits."""
        logits: Tensor = self.network(self.normalized(images))
        return logits

    def normalized(self, images: Tensor) -> Tensor:
        """Return images as the network takes them: mean 0, standard deviation 1 per channel."""
        return (images - self.mean) / self.std


class ResizingClassifier(Classifier):
    """A classifier whose network sees images at a resolution of its own: `(N, C, R, W R / H)`.

    They are resized in batch, on their device: bilinearly, and smoothed first where they shrink.
    """

    def __init__(self, network: nn.Module, in_channels: int, resolution: int) -> None:
        super().__init__(network, in_channels)
        self.resolution = resolution

    def normalized(self, images: Tensor) -> Tensor:
        """Return images as the network takes them: of its resolution, mean 0, deviation 1."""
        height, width = images.shape[2:]
        size = [self.resolution, max(1, round(width * self.resolution / height))]
        resized = F.interpolate(
            images, size, mode="bilinear", antialias=self.resolution < height, align_corners=False
        )
        return super().normalized(resized)
