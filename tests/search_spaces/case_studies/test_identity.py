"""With a reference implementation's weights, our networks compute what the reference computes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torchvision.models as vision
from torch import Tensor, nn

from search_spaces import build
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.network import StagesNetwork
from tests.search_spaces.case_studies import names

NameMap = Callable[[str, StagesArchitecture], str]

PAPERS_NORM = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
"""EfficientNet's batch norm as published; torchvision has its own default for the small ones."""

TORCHVISION: dict[str, tuple[Callable[[], nn.Module], NameMap, int]] = {
    "alexnet": (vision.alexnet, names.alexnet, 224),
    "vgg-11": (vision.vgg11, names.vgg, 64),
    "vgg-11-bn": (vision.vgg11_bn, names.vgg, 64),
    "googlenet-aux": (partial(vision.googlenet, init_weights=False), names.googlenet, 96),
    "resnet-18": (vision.resnet18, names.resnet, 64),
    "resnet-50": (vision.resnet50, names.resnet, 64),
    "wide-resnet-50-2": (vision.wide_resnet50_2, names.resnet, 64),
    "resnext-50-32x4d": (vision.resnext50_32x4d, names.resnet, 64),
    "densenet-121": (vision.densenet121, names.densenet, 64),
    "mobilenet-v2": (vision.mobilenet_v2, names.mobilenet_v2, 96),
    "mobilenet-v3-large": (vision.mobilenet_v3_large, names.mobilenet_v3, 96),
    "mobilenet-v3-small": (vision.mobilenet_v3_small, names.mobilenet_v3, 96),
    "efficientnet-b0": (
        partial(vision.efficientnet_b0, norm_layer=PAPERS_NORM),
        names.efficientnet,
        96,
    ),
    "efficientnet-b3": (
        partial(vision.efficientnet_b3, norm_layer=PAPERS_NORM),
        names.efficientnet,
        96,
    ),
}
"""Maker, name map and an image size that leaves something to pool, by case study."""

TIMM: dict[str, tuple[str, NameMap, int]] = {
    "se-resnet-50": ("seresnet50", names.resnet, 64),
    "se-resnext-50": ("seresnext50_32x4d", names.resnet, 64),
    "preact-resnet-50": ("resnetv2_50", names.preact_resnet, 64),
    "mobilenet-v1": ("mobilenetv1_100", names.mobilenet_v1, 64),
}


@torch.no_grad()
def fill(network: nn.Module, size: int) -> None:
    """Draw all weights anew, and let every batch norm measure what then reaches it.

    So no two channels are alike, and what differs between images reaches the logits.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.1)
            module.reset_running_stats()
            module.momentum = None  # the plain mean of what is measured
        elif isinstance(module, nn.Conv2d | nn.Linear):
            bound = (6 / module.weight[0].numel()) ** 0.5
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0.0, 0.1)
    network.train()(torch.randn(4, 3, size, size))
    network.eval()


def with_weights_of(reference: nn.Module, study_name: str, name_map: NameMap) -> StagesNetwork:
    """Build the case study and give it the reference's weights, every one and no other."""
    study = find_or_raise_case_study(study_name)
    assert isinstance(study.architecture, StagesArchitecture)
    with torch.device("meta"):
        network = build(study.architecture, study.input_shape, study.num_classes)
    ours = network.state_dict()
    renamed: dict[str, Tensor] = {}
    for name, value in reference.state_dict().items():
        path, _, leaf = name.rpartition(".")
        found = f"{name_map(path, study.architecture)}.{leaf}"
        assert found not in renamed
        renamed[found] = value.reshape(ours[found].shape)
    network.load_state_dict(renamed, strict=True, assign=True)
    assert isinstance(network, StagesNetwork)
    return network.eval()


def compare(reference: nn.Module, study_name: str, name_map: NameMap, size: int) -> None:
    torch.manual_seed(0)
    fill(reference, size)
    network = with_weights_of(reference, study_name, name_map)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        expected, found = reference(images), network(images)
    assert (expected[0] - expected[1]).abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", TORCHVISION)
def test_network_computes_what_torchvision_computes(name: str) -> None:
    make, name_map, size = TORCHVISION[name]
    with torch.device("meta"):
        reference = make()
    compare(reference.to_empty(device="cpu"), name, name_map, size)


@pytest.mark.parametrize("name", TIMM)
def test_network_computes_what_timm_computes(name: str) -> None:
    timm = pytest.importorskip("timm")
    reference_name, name_map, size = TIMM[name]
    compare(timm.create_model(reference_name), name, name_map, size)


@torch.no_grad()
def test_auxiliary_heads_compute_what_torchvision_computes() -> None:
    torch.manual_seed(0)
    reference = vision.googlenet(init_weights=False).eval()
    fill(reference, 96)
    seen: dict[str, Tensor] = {}
    for name, module in (("aux1", reference.inception4a), ("aux2", reference.inception4d)):
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
    images = torch.rand(2, 3, 96, 96)
    expected = reference(images)
    network = with_weights_of(reference, "googlenet-aux", names.googlenet)
    logits, (first, second) = network.forward_with_auxiliary(images)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(first, reference.aux1(seen["aux1"]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(second, reference.aux2(seen["aux2"]), rtol=1e-4, atol=1e-4)
