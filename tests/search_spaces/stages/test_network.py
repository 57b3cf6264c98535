from __future__ import annotations

import re
from math import sqrt

import pytest
import torch
from torch import nn

from search_spaces import InvalidArchitectureError, build
from search_spaces.analysis import analyze
from search_spaces.blocks.drop_path import DropPath
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.stages.architecture import AuxiliaryHead, Head, Pool, Stem
from search_spaces.stages.families import Basic, Bottleneck, Conv, Dense, MBConv
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of


@pytest.mark.parametrize("family", SMALL_BLOCKS)
@pytest.mark.parametrize("size", [8, 7, 1])
def test_every_family_strides_rounding_up_and_gives_the_channels_it_says(family, size):
    block = SMALL_BLOCKS[family]
    architecture = network_of(stage_of(block))
    network = build(architecture, (3, size, size), 5).eval()
    out = network.stages[0](torch.rand(2, 8, size, size))
    assert out.shape == (2, block.out_channels(8, 2), -(-size // 2), -(-size // 2))
    assert network(torch.rand(2, 3, size, size)).shape == (2, 5)


def test_tiny_network_has_the_numbers_counted_by_hand():
    """Stem of 8, one stage of two dense layers, no transition; hidden layer of 6 on 2x2 pixels."""
    architecture = network_of(
        stage_of(Dense(growth_rate=4)), head=Head(features=10, grid=2, hidden=(6,))
    )
    analysis = analyze(architecture, (1, 8, 8), 3)
    stem = 1 * 8 * 9 + 2 * 8
    first = 2 * 8 + 8 * 16 + 2 * 16 + 16 * 4 * 9
    second = 2 * 12 + 12 * 16 + 2 * 16 + 16 * 4 * 9
    features = 2 * 16 + 16 * 10 + 2 * 10  # the dense stage's last batch norm, then 1x1
    dense = 40 * 6 + 6 + 6 * 3 + 3
    assert analysis.params == stem + first + second + features + dense
    macs = 64 * 8 * 9 + 16 * (8 * 16 + 16 * 4 * 9 + 12 * 16 + 16 * 4 * 9 + 16 * 10)
    assert analysis.macs == macs + 40 * 6 + 6 * 3


def test_cardinality_rounds_the_width_between_up():
    layers = analyze(
        network_of(stage_of(Bottleneck(width=24, reduction=4, groups=32), depth=1)), (3, 8, 8), 10
    ).layers
    grouped = next(layer for layer in layers if layer.name == "stages.0.0.residual.3")
    assert grouped.output_shape == (32, 4, 4)
    assert grouped.params == 32 * 9


def test_stochastic_depth_grows_linearly_and_stops_in_evaluation():
    architecture = network_of(
        stage_of(Basic(width=8), depth=2, stride=1), stage_of(Basic(width=8)), drop_path=0.4
    )
    network = build(architecture, (3, 8, 8), 10)
    rates = [m.probability for m in network.modules() if isinstance(m, DropPath)]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3])
    branch = torch.rand(64, 2, 3, 3) + 1
    dropping = DropPath(0.25)
    dropped = dropping.train()(branch)
    is_gone = (dropped == 0).flatten(1).all(1)
    assert 0 < is_gone.sum() < 64
    torch.testing.assert_close(dropped[~is_gone], branch[~is_gone] / 0.75)
    assert torch.equal(dropping.eval()(branch), branch)


def test_batch_norms_have_the_settings_of_the_architecture():
    architecture = network_of(
        *(stage_of(block) for block in SMALL_BLOCKS.values()),
        batch_norm={"eps": 1e-3, "momentum": 0.01},
    )
    norms = [m for m in build(architecture, (3, 8, 8), 10).modules() if hasattr(m, "momentum")]
    assert len(norms) > 20
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_convolutions_start_as_he_et_al_say_and_biases_at_zero():
    torch.manual_seed(0)
    block = MBConv(width=64, kernel=5, expansion=6)
    network = build(network_of(stage_of(block), stage_of(Conv(width=64))), (3, 8, 8), 10)
    depthwise = network.stages[0][1].residual[3]
    assert depthwise.groups == 384
    assert depthwise.weight.std().item() == pytest.approx(sqrt(2 / 25), rel=0.05)
    plain = network.stages[1][0][0]
    assert plain.weight.std().item() == pytest.approx(sqrt(2 / (9 * 64)), rel=0.05)
    biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
    assert biases
    assert all((bias == 0).all() for bias in biases)


def test_deep_classic_keeps_its_signal_when_fresh():
    torch.manual_seed(0)
    network = build(find_or_raise_case_study("mobilenet-v2").architecture, (3, 64, 64), 10)
    logits = network.train()(torch.randn(8, 3, 64, 64))
    assert logits.isfinite().all()
    assert 1e-3 < logits.std() < 1e2


def test_auxiliary_logits_come_in_the_order_of_stages_and_reach_their_weights():
    small = AuxiliaryHead(grid=2, features=4, hidden=6, dropout=0)
    architecture = network_of(
        stage_of(Conv(width=8), auxiliary=small),
        stage_of(Conv(width=6), auxiliary=small),
        stage_of(Conv(width=4)),
    )
    network = build(architecture, (3, 16, 16), 5).eval()
    images = torch.rand(2, 3, 16, 16)
    logits, auxiliary = network.forward_with_auxiliary(images)
    assert torch.equal(logits, network(images))
    first = network.stages[0](network.stem(images))
    torch.testing.assert_close(auxiliary[0], network.auxiliary["0"](first))
    torch.testing.assert_close(auxiliary[1], network.auxiliary["1"](network.stages[1](first)))
    assert [each.shape for each in auxiliary] == [(2, 5), (2, 5)]
    (logits.sum() + sum(each.square().sum() for each in auxiliary)).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_window_without_padding_that_does_not_fit_is_refused_by_name():
    architecture = network_of(
        stage_of(Conv(width=8)), stage_of(Conv(width=8, kernel=5, padding="valid"))
    )
    with pytest.raises(InvalidArchitectureError, match=re.escape("layer 'stages.1.0.0' has no")):
        analyze(architecture, (1, 8, 8), 10)
    zfnet = find_or_raise_case_study("zfnet").architecture
    with pytest.raises(InvalidArchitectureError, match=re.escape("'stages.0.0.0'")):
        analyze(zfnet, (1, 8, 8), 10)


@pytest.mark.parametrize(("size", "pooled"), [(3, 1), (5, 1), (6, 1), (7, 2), (8, 2), (9, 2)])
def test_pooling_without_padding_keeps_the_edge(size, pooled):
    stem = Stem(width=8, pool=Pool(kernel=3, padded=True))
    architecture = network_of(stage_of(Conv(width=8), stride=1, pool=Pool(kernel=3)), stem=stem)
    network = build(architecture, (1, size, size), 3).eval()
    out = network.stages(network.stem(torch.rand(1, 1, size, size)))
    assert out.shape[2:] == (pooled, pooled)
    layers = {layer.name: layer for layer in analyze(architecture, (1, size, size), 3).layers}
    assert layers["stages.0.2"].output_shape == (8, pooled, pooled)


def test_pooling_of_a_single_pixel_works_for_two_and_is_refused_for_three():
    def pooled_by(kernel: int):
        return network_of(stage_of(Conv(width=8), stride=1, pool=Pool(kernel=kernel)))

    assert build(pooled_by(2), (1, 1, 1), 3).eval()(torch.rand(1, 1, 1, 1)).shape == (1, 3)
    assert analyze(pooled_by(2), (1, 1, 1), 3).params > 0
    with pytest.raises(InvalidArchitectureError, match=re.escape("layer 'stages.0.2' has no")):
        analyze(pooled_by(3), (1, 1, 1), 3)


def test_head_has_dropout_behind_hidden_layers_or_before_the_classifier():
    def dropouts(head: Head) -> list[str]:
        network = build(network_of(stage_of(Conv(width=8)), head=head), (3, 8, 8), 10)
        return [n for n, m in network.named_modules() if isinstance(m, nn.Dropout)]

    assert dropouts(Head(dropout=0.5)) == ["head.dropout"]
    assert dropouts(Head(hidden=(8, 8), dropout=0.5)) == ["head.hidden.2", "head.hidden.5"]
