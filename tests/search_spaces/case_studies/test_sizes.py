"""The sizes of the classics are the published ones.

Parameters: torchvision and timm name theirs to the last; the papers' are rounded.
MACs, in millions: torchvision's table of weights ("GIGA OPS", which are multiply-accumulates),
https://docs.pytorch.org/vision/stable/models.html#table-of-all-available-classification-weights,
or the paper named.
"""

from __future__ import annotations

import pytest

from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study

PARAMS = {
    "alexnet": 61_100_840,
    "vgg-11": 132_863_336,
    "vgg-13": 133_047_848,
    "vgg-16": 138_357_544,
    "vgg-19": 143_667_240,
    "vgg-11-bn": 132_868_840,
    "vgg-13-bn": 133_053_736,
    "vgg-16-bn": 138_365_992,
    "vgg-19-bn": 143_678_248,
    "googlenet": 6_624_904,
    "googlenet-aux": 13_004_888,
    "resnet-18": 11_689_512,
    "resnet-34": 21_797_672,
    "resnet-50": 25_557_032,
    "resnet-101": 44_549_160,
    "resnet-152": 60_192_808,
    "preact-resnet-50": 25_549_352,
    "wide-resnet-50-2": 68_883_240,
    "resnext-50-32x4d": 25_028_904,
    "se-resnet-50": 28_088_024,
    "se-resnext-50": 27_559_896,
    "densenet-121": 7_978_856,
    "densenet-161": 28_681_000,
    "densenet-169": 14_149_480,
    "densenet-201": 20_013_928,
    "mobilenet-v1": 4_231_976,
    "mobilenet-v2": 3_504_872,
    "mobilenet-v3-large": 5_483_032,
    "mobilenet-v3-small": 2_542_856,
    "efficientnet-b0": 5_288_548,
    "efficientnet-b1": 7_794_184,
    "efficientnet-b2": 9_109_994,
    "efficientnet-b3": 12_233_232,
    "efficientnet-b4": 19_341_616,
    "efficientnet-b5": 30_389_784,
    "efficientnet-b6": 43_040_704,
    "efficientnet-b7": 66_347_960,
    "nasnet-a-large": 88_753_150,
    "nasnet-a-mobile": 5_289_978,
    "pnasnet-5-large": 86_057_668,
    "darts-v2": 3_349_342,  # the authors' code without the auxiliary head
}

ROUNDED_PARAMS = {
    "wrn-28-10": 36.5e6,  # Zagoruyko and Komodakis 2016, table 4
    "preact-resnet-110": 1.7e6,  # He et al. 2016 (Identity Mappings), table 4
    "alexnet-2012": 62.4e6,  # 60 million with two groups (Krizhevsky et al. 2012, abstract)
    "zfnet": 62.4e6,
    "nasnet-a-cifar": 3.3e6,  # Zoph et al. 2018, table 1
    "amoebanet-a": 3.2e6,  # Real et al. 2019, table 1
    "enas-cifar": 4.6e6,  # Pham et al. 2018, table 2
}

MEGA_MACS = {
    "alexnet": 714,
    "vgg-11": 7_609,
    "vgg-13": 11_308,
    "vgg-16": 15_470,
    "vgg-19": 19_632,
    "vgg-16-bn": 15_470,
    "googlenet": 1_498,
    "googlenet-aux": 1_498,
    "resnet-18": 1_814,
    "resnet-34": 3_664,
    "resnet-50": 4_089,
    "resnet-101": 7_801,
    "resnet-152": 11_514,
    "wide-resnet-50-2": 11_398,
    "resnext-50-32x4d": 4_230,
    "densenet-121": 2_834,
    "densenet-161": 7_728,
    "densenet-169": 3_360,
    "densenet-201": 4_291,
    "mobilenet-v1": 569,  # Howard et al. 2017, table 8
    "mobilenet-v2": 300,  # Sandler et al. 2018, table 4
    "mobilenet-v3-large": 217,
    "mobilenet-v3-small": 56,  # Howard et al. 2019, table 4
    "efficientnet-b0": 386,
    "efficientnet-b1": 687,
    "efficientnet-b2": 1_000,  # Tan and Le 2019, table 2, at 260 pixels
    "efficientnet-b3": 1_827,
    "efficientnet-b4": 4_394,
    "efficientnet-b5": 10_266,
    "efficientnet-b6": 19_068,
    "efficientnet-b7": 37_746,
    "nasnet-a-large": 23_800,  # Zoph et al. 2018, tables 2 and 3
    "nasnet-a-mobile": 564,
    "pnasnet-5-large": 25_000,  # Liu et al. 2018, table 5
}


def analyzed(name: str):
    study = find_or_raise_case_study(name)
    return analyze(study.architecture, study.input_shape, study.num_classes)


@pytest.mark.parametrize("name", PARAMS)
def test_parameters_are_the_references_to_the_last(name):
    assert analyzed(name).params == PARAMS[name]


@pytest.mark.parametrize("name", ROUNDED_PARAMS)
def test_parameters_are_the_papers(name):
    assert analyzed(name).params == pytest.approx(ROUNDED_PARAMS[name], rel=0.02)


def test_parameters_of_preact_resnet_1001_are_the_papers_but_for_batch_norm():
    """He et al. 2016, table 4: 10.2 million."""
    layers = analyzed("preact-resnet-1001").layers
    convolutions = sum(layer.params for layer in layers if layer.type != "BatchNorm2d")
    assert convolutions == pytest.approx(10.2e6, rel=0.005)


def test_parameters_of_amoebanet_a_with_32_filters_are_the_papers():
    """Real et al. 2019, table 1: 2.6 million."""
    study = find_or_raise_case_study("amoebanet-a")
    narrower = study.architecture.model_copy(update={"filters": 32})
    assert analyze(narrower, (3, 32, 32), 10).params == pytest.approx(2.6e6, rel=0.02)


def test_parameters_of_darts_are_those_counted_by_hand():
    """Liu et al. 2019: 20 cells of 36, 72 and 144 channels, each with four states put out."""

    def normal(before: int, last: int, c: int) -> int:
        separable = 2 * (9 * c + c * c + 2 * c)
        dilated = 9 * c + c * c + 2 * c
        return (before + last) * c + 4 * c + 5 * separable + dilated

    def reduction(before: int, last: int, c: int) -> int:
        return (before + last) * c + 4 * c  # pooling and identities of blocks have no weights

    total = 3 * 9 * 108 + 2 * 108
    before, last = 108, 108
    for stack, c in enumerate((36, 72, 144)):
        if stack:
            total += reduction(before, last, c)
            before, last = last, 4 * c
        for _ in range(6):
            total += normal(before, last, c)
            before, last = last, 4 * c
    total += 4 * 144 * 10 + 10
    assert analyzed("darts-v2").params == total == 3_349_342


@pytest.mark.parametrize("name", MEGA_MACS)
def test_multiply_accumulates_are_the_published_ones(name):
    assert analyzed(name).macs == pytest.approx(MEGA_MACS[name] * 1e6, rel=0.01)


def test_auxiliary_heads_count_as_parameters_that_do_not_run():
    plain, auxiliary = analyzed("googlenet"), analyzed("googlenet-aux")
    added = [layer for layer in auxiliary.layers if layer.name.startswith("auxiliary.")]
    assert auxiliary.layers[: len(plain.layers)] == plain.layers
    assert sum(layer.params for layer in added) == auxiliary.params - plain.params > 6_000_000
    assert all(layer.macs == 0 and layer.output_shape == () for layer in added)
    assert auxiliary.receptive_field == plain.receptive_field
