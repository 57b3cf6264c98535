"""Auxiliary classifiers: those a network has, and one added to a network that has none.

Szegedy et al.: Going Deeper with Convolutions, CVPR 2015, section 5; Zoph, Vasudevan, Shlens, Le:
Learning Transferable Architectures, CVPR 2018, appendix A.7 (at two thirds of the depth).
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from nas.errors import TrialInfeasibleError
from search_spaces.base import InputShape
from search_spaces.classifier import Classifier
from search_spaces.stages.network import AuxiliaryClassifier

_TRUNKS = ("cells", "stages", "layers")
"""Where our networks keep what runs, one after the other, between stem and head."""

_GRID, _FEATURES, _HIDDEN = 2, 64, 64


@runtime_checkable
class HasAuxiliary(Protocol):
    """A network with further classifiers on earlier features, for training alone."""

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the logits and those of each auxiliary classifier."""


class AddedClassifier(nn.Module):
    """A classifier beside a network, on what one of the network's modules put out last."""

    def __init__(self, tapped: nn.Module, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            nn.ReLU(),
            AuxiliaryClassifier(
                in_channels,
                num_classes,
                grid=_GRID,
                features=_FEATURES,
                hidden=_HIDDEN,
                dropout=0.0,
            ),
        )
        self._features: Tensor | None = None
        tapped.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: object, output: Tensor) -> None:
        if module.training:
            self._features = output

    def forward(self) -> Tensor:
        """Return the logits `(N, num_classes)` for the images that the network trained on last."""
        if self._features is None:
            raise RuntimeError("the network has not been trained on any images yet")
        features, self._features = self._features, None
        logits: Tensor = self.classifier(features)
        return logits


class TrainedNetwork(nn.Module):
    """What is trained: a classifier and, beside it, what only its training needs.

    `(N, C, H, W)` images in [0, 1] to the logits `(N, num_classes)` and those of each auxiliary
    classifier.
    """

    def __init__(self, model: Classifier, added: AddedClassifier | None) -> None:
        super().__init__()
        self.model = model
        self.added = added

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Map `(N, C, H, W)` to logits and auxiliary logits, `(N, num_classes)` each."""
        network = self.model.network
        if self.added is None and isinstance(network, HasAuxiliary):
            return network.forward_with_auxiliary(self.model.normalized(images))
        logits: Tensor = self.model(images)
        return logits, () if self.added is None else (self.added(),)


def add_classifier(
    model: Classifier, input_shape: InputShape, num_classes: int, seed: int
) -> AddedClassifier | None:
    """Make a classifier at two thirds of the depth; None where the network has its own.

    Its initial weights depend on `seed` alone.

    Raises:
        TrialInfeasibleError: The network, of another package, does not show its parts.
    """
    if isinstance(model.network, HasAuxiliary) and len(getattr(model.network, "auxiliary", ())):
        return None
    tapped, channels = _at_two_thirds(model, input_shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AddedClassifier(tapped, channels, num_classes)


@torch.no_grad()
def _at_two_thirds(model: Classifier, input_shape: InputShape) -> tuple[nn.Module, int]:
    """Return the module at two thirds of those that run, and the channels that it puts out."""
    trunks = [getattr(model.network, name) for name in _TRUNKS if hasattr(model.network, name)]
    if not trunks:
        raise TrialInfeasibleError(
            f"recipe.auxiliary_head: {type(model.network).__name__} shows no parts to add one to; "
            f"allowed: a network with one of {', '.join(_TRUNKS)}, or auxiliary_head=false"
        )
    ran: list[tuple[nn.Module, int]] = []
    hooks = [
        part.register_forward_hook(lambda m, _, output: ran.append((m, output.shape[1])))
        for part in trunks[0]
    ]
    was_training = model.training
    model.eval()(torch.zeros(1, *input_shape, device=model.mean.device))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return ran[min(2 * len(ran) // 3, len(ran) - 1)]
