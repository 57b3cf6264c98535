"""Every space on images of any size: its suggested networks work, others are refused by layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from search_spaces import InfeasibleArchitectureError, build_classifier, create_space, spaces
from search_spaces.analysis import analyze
from search_spaces.case_studies import case_studies

CHANNELS = (1, 3, 4)
SMALL = ((8, 8), (8, 32), (1, 9), (64, 101))
LARGE = (600, 600)
CLASSES = 5


def architectures(name: str, shape: tuple[int, int, int], count: int):
    rng = np.random.default_rng(0)
    space = create_space(name, {}, shape)
    return [space.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 32), (4, 1, 9), (1, 64, 101)], ids=str)
@pytest.mark.parametrize("name", sorted(spaces()))
def test_suggested_network_trains_on_images_of_any_shape(name, shape):
    (architecture,) = architectures(name, shape, 1)
    torch.manual_seed(0)
    model = build_classifier(architecture, shape, CLASSES).train()
    model(torch.rand(2, *shape)).logsumexp(dim=1).mean().backward()
    gradients = [p.grad for p in model.network.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert sum(map(torch.numel, gradients)) == analyze(architecture, shape, CLASSES).params
    with torch.no_grad():
        assert model.eval()(torch.rand(1, *shape)).shape == (1, CLASSES)


@pytest.mark.parametrize("size", [*SMALL, LARGE], ids=str)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("name", sorted(spaces()))
def test_suggested_networks_fit_images_of_any_shape(name, channels, size):
    shape = (channels, *size)
    for architecture in architectures(name, shape, 2):
        first, *_, last = analyze(architecture, shape, CLASSES).layers
        assert first.macs > 0
        assert last.output_shape == (CLASSES,)


@pytest.mark.parametrize("size", [*SMALL, LARGE], ids=str)
def test_classics_work_on_images_of_any_size_or_name_the_layer_that_does_not(size):
    for study in case_studies().values():
        if study.params > 30_000_000:
            continue
        try:
            analysis = analyze(study.architecture, (4, *size), CLASSES)
        except InfeasibleArchitectureError as error:
            if size == LARGE:  # a deep network that hardly reduces its 32x32 pixels
                assert study.input_shape == (3, 32, 32)
                assert "activations for one image, allowed: at most" in str(error)
                continue
            assert str(error).startswith("architecture: layer '")
            assert f"has no output for a 4x{size[0]}x{size[1]} image" in str(error)
            assert min(size) < 64
        else:
            assert (CLASSES,) in [layer.output_shape for layer in analysis.layers]
