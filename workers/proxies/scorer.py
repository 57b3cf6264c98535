"""Scoring architectures: the one place where proxies meet networks and data."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import Any

import torch

from nas.datasets import AnySplit
from nas.proxies import find_or_raise_proxy
from nas.recipe import Recipe
from search_spaces.base import Architecture, InputShape
from workers.proxies.base import Probe, Proxy, prepare
from workers.training.candidate import new_model
from workers.training.streaming import open_images


@dataclass(frozen=True, slots=True)
class Score:
    """What a proxy says of an architecture, and the seconds it took, building included."""

    value: float
    seconds: float


class ProxyScorer:
    """Scores architectures on one mini-batch: the first one that training would see.

    Initial weights, mini-batch and noise depend on `seed` alone, so that equal architectures
    have equal scores.
    """

    def __init__(
        self,
        train: AnySplit,
        input_shape: InputShape,
        num_classes: int,
        *,
        recipe: Recipe,
        seed: int,
        device: torch.device,
    ) -> None:
        images = open_images(train, device)
        self._input_shape, self._num_classes = input_shape, num_classes
        self._seed, self._device = seed, device
        self._statistics = images.channel_statistics()
        generator = torch.Generator(device).manual_seed(seed)
        batches = images.training_batches(recipe.batch_size, recipe.augmentation, generator)
        self._images, self._labels = next(batches)

    @property
    def conditions(self) -> dict[str, Any]:
        """How scores are come by."""
        return {
            "batch_size": len(self._labels),
            "seed": self._seed,
            "device": self._device.type,
        }

    def score(self, architecture: Architecture, proxy: str) -> Score:
        """Score an architecture that has a network for these images."""
        started = time.perf_counter()
        model = new_model(architecture, self._input_shape, self._num_classes, self._seed)
        model = prepare(model.to(self._device))
        mean, std = self._statistics
        model.mean.copy_(mean)
        model.std.copy_(std)
        generator = torch.Generator(self._device).manual_seed(self._seed)
        value = _function(proxy)(Probe(model, self._images, self._labels, generator))
        return Score(value, time.perf_counter() - started)


@cache
def _function(name: str) -> Proxy:
    function: Proxy = resolve_name(find_or_raise_proxy(name).location)
    return function
