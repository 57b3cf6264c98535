"""The network of a stem, stages and a head; it takes modules and needs torch alone."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from search_spaces.blocks.activation import activation_module
from search_spaces.blocks.batch_norm import set_batch_norm
from search_spaces.blocks.convolution import ConvLayer
from search_spaces.blocks.head_pool import head_pool
from search_spaces.blocks.initialization import initialize


class StageHead(nn.Module):
    """Batch norm and ReLU where `activates`, 1x1 convolution, pooling, dense layers, classifier.

    `(N, in, H, W)` to `(N, num_classes)`; average or max pooling, to `grid` x `grid` pixels.
    Dropout stands behind each hidden layer, or before the classifier where there is none.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        activates: bool = False,
        features: int = 0,
        grid: int = 1,
        hidden: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        pool: str = "average",
    ) -> None:
        super().__init__()
        self.activate = (
            nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU()) if activates else nn.Identity()
        )
        self.features = (
            ConvLayer(in_channels, features, kernel_size=1, activation=activation)
            if features
            else nn.Identity()
        )
        self.pool = nn.Sequential(head_pool(pool, grid), nn.Flatten())
        width = (features or in_channels) * grid * grid
        self.hidden = nn.Sequential()
        for size in hidden:
            layers = (nn.Linear(width, size), activation_module(activation), nn.Dropout(dropout))
            self.hidden.extend(layers)
            width = size
        self.dropout = nn.Identity() if hidden else nn.Dropout(dropout)
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, num_classes)` logits."""
        x = self.pool(self.features(self.activate(x)))
        logits: Tensor = self.classifier(self.dropout(self.hidden(x)))
        return logits


class AuxiliaryClassifier(nn.Sequential):
    """Pooling to `grid` x `grid`, 1x1 convolution, dense layer, dropout, classifier.

    `(N, in, H, W)` to `(N, num_classes)`. Szegedy et al.: Going Deeper with Convolutions, CVPR
    2015, section 5, https://arxiv.org/abs/1409.4842
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        grid: int,
        features: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__(
            nn.AdaptiveAvgPool2d(grid),
            ConvLayer(in_channels, features, kernel_size=1),
            nn.Flatten(),
            nn.Linear(features * grid * grid, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )


class StagesNetwork(nn.Module):
    """Runs stem, stages and head: `(N, in_channels, H, W)` images to `(N, num_classes)` logits.

    `auxiliary` holds further classifiers by the index of the stage whose output they take;
    `forward` leaves them out. Every batch norm gets `norm_eps` and `norm_momentum`.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Sequence[nn.Module],
        head: nn.Module,
        *,
        auxiliary: Mapping[int, nn.Module],
        norm_eps: float,
        norm_momentum: float,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*stages)
        self.head = head
        self.auxiliary = nn.ModuleDict({str(i): module for i, module in auxiliary.items()})
        set_batch_norm(self, eps=norm_eps, momentum=norm_momentum)
        initialize(self)

    def forward(self, images: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` images to `(N, num_classes)` logits."""
        logits: Tensor = self.head(self.stages(self.stem(images)))
        return logits

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the logits and those of each auxiliary classifier, for its share of the loss."""
        x = self.stem(images)
        further = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if str(index) in self.auxiliary:
                further.append(self.auxiliary[str(index)](x))
        return self.head(x), tuple(further)
