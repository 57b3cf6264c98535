from __future__ import annotations

import numpy as np
import pytest
import torch

from search_spaces import (
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    build,
    create_space,
    draw,
)
from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.stages.architecture import Pool
from search_spaces.stages.families import FAMILIES, Conv
from tests.search_spaces.stages.factories import network_of, stage_of

DIGITS = (1, 8, 8)


def draws(count: int, input_shape=DIGITS):
    space = create_space("stages", None, input_shape)
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("shape", [DIGITS, (3, 28, 28), (3, 32, 32)])
def test_what_is_suggested_for_small_images_trains_on_them(shape):
    torch.manual_seed(0)
    families = set()
    for architecture in draws(25):
        families |= {stage.block.family for stage in architecture.stages}
        network = build(architecture, shape, 10).train()
        logits = network(torch.rand(2, *shape))
        logits.square().sum().backward()
        assert logits.shape == (2, 10)
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert families == set(FAMILIES)


def test_what_is_suggested_for_small_images_is_small():
    for architecture in draws(200):
        assert len(architecture.stages) <= 3
        assert all(stage.depth <= 3 for stage in architecture.stages)
        assert architecture.head.hidden == ()
    assert max(analyze(a, DIGITS, 10).params for a in draws(40)) < 3_000_000


def test_what_a_user_names_goes_before_what_is_suggested():
    space = create_space("stages", {"families": ["mbconv"], "max_stages": 2}, DIGITS)
    assert space.options.families == ("mbconv",)
    assert space.options.max_stages == 2
    assert space.options.widths == (16, 32, 64, 128)
    assert create_space("cell", {"blocks": 2}, DIGITS).options.blocks == 2


def test_full_size_space_holds_valid_architectures_only():
    space = create_space("stages")
    rng = np.random.default_rng(0)
    for _ in range(60):
        architecture = space.sample(rng)
        assert space.architecture(space.choices(architecture)) == architecture
        mutant = space.mutate(architecture, rng)
        assert space.architecture(space.choices(mutant)) == mutant != architecture
    assert space.size > 10**60


def test_search_can_start_at_a_classic_and_mix_two():
    space = create_space("stages")
    rng = np.random.default_rng(0)
    resnet = find_or_raise_case_study("resnet-50").architecture
    mobile = find_or_raise_case_study("mobilenet-v3-large").architecture
    children = [space.crossover(resnet, mobile, rng) for _ in range(10)]
    families = [{stage.block.family for stage in child.stages} for child in children]
    assert {"bottleneck", "mbconv"} in families
    for child in children:
        assert analyze(child, (3, 224, 224), 1000).params > 0


def test_architecture_outside_the_options_is_refused_by_decision():
    space = create_space("stages", {"families": ["mbconv"]})
    with pytest.raises(InvalidDecisionsError, match=r"'stage1\.family': got 'conv', allowed: mbc"):
        space.choices(find_or_raise_case_study("vgg-11").architecture)
    unnamed = network_of(stage_of(Conv(width=8), pool=Pool(kernel=3, stride=3)))
    with pytest.raises(InvalidDecisionsError, match=r"'stage1\.pool': got .*stride=3"):
        create_space("stages").choices(unnamed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"families": ["magic"]}, r"families\.0: got 'magic', allowed: conv, basic"),
        ({"families": []}, r"families: got \(\), allowed: at least one value, each once"),
        ({"widths": [8, 8]}, r"widths: got \(8, 8\), allowed"),
        ({"widths": [10**6]}, r"widths\.0: .* 16384 \(got 1000000"),
        ({"min_stages": 3, "max_stages": 2}, "min_stages 3 with max_stages 2, allowed: 1 to 2"),
        ({"stems": ["5x5"]}, r"stems\.0: got '5x5', allowed: none, 3x3"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options, message):
    with pytest.raises(InvalidSpaceOptionsError, match=message):
        create_space("stages", options)


def test_shortcuts_are_edges_around_their_stage():
    space = create_space("stages")
    (graph,) = space.graphs(find_or_raise_case_study("resnet-18").architecture)
    assert [node.kind for node in graph.nodes] == ["stem", *["basic"] * 4, "head"]
    assert len(graph.edges) == 5 + 4 + 3 + 2 + 1
    (chain,) = space.graphs(find_or_raise_case_study("vgg-11").architecture)
    assert len(chain.edges) == len(chain.nodes) - 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("se-resnet-50", ["stage 2: 4 x bottleneck 3x3, 128 -> 512, SE 1/16, stride 2"]),
        ("vgg-16", ["stage 1: 2 x conv 3x3 -> 64, relu, max pool 2x2 / 2", "dense 4096, relu"]),
        ("densenet-121", ["stage 4: 16 x dense layer 3x3, 32 more each, stride 2"]),
        ("mobilenet-v3-small", ["2 x mbconv 5x5, x6 -> 40, hard-swish, SE 1/4"]),
        ("efficientnet-b0", ["stem: conv 3x3 -> 32, stride 2", "stochastic depth: 0 to 0.2"]),
        ("googlenet-aux", ["3x3 96-128", "auxiliary head on stage 5"]),
        ("resnext-50-32x4d", ["128 -> 256, 32 groups"]),
    ],
)
def test_drawing_says_what_each_part_is(name, lines):
    text = draw(find_or_raise_case_study(name).architecture)
    for line in lines:
        assert line in text
