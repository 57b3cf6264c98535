"""Tiny networks as probes, whose scores can be worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from search_spaces.classifier import Classifier
from workers.proxies.base import Probe, prepare


def new_probe(
    network: nn.Module, images: Tensor | None = None, labels: Tensor | None = None
) -> Probe:
    if images is None:
        images = torch.rand((6, 1, 4, 4), generator=torch.Generator().manual_seed(1))
    if labels is None:
        labels = torch.arange(len(images)) % 3
    model = prepare(Classifier(network, images.shape[1]))
    return Probe(model, images, labels, torch.Generator().manual_seed(2))


def linear(*widths: int, seed: int = 0) -> nn.Sequential:
    """Dense layers without bias or activation behind a flattening."""
    torch.manual_seed(seed)
    layers = [nn.Linear(a, b, bias=False) for a, b in pairwise(widths)]
    return nn.Sequential(nn.Flatten(), *layers)


def convolutional(*, norm: bool = True, width: int = 4, seed: int = 0) -> nn.Sequential:
    """Two 3x3 convolutions, pooled and classified."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for channels in (1, width):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(width)] if norm else []
        layers += [nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 3))
