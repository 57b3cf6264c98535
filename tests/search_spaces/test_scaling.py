from __future__ import annotations

import runpy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import (
    InfeasibleArchitectureError,
    UnscalableSpaceError,
    build,
    build_classifier,
    draw,
    parse_architecture,
    scale,
    standalone_source,
)
from search_spaces.analysis import analyze
from search_spaces.case_studies import case_studies, find_or_raise_case_study
from search_spaces.cell.layout import Layout
from search_spaces.classifier import Classifier, ResizingClassifier
from search_spaces.nasbench201.architecture import NasBench201Architecture
from tests.nas.answers import Answers, AnswersSpace
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of
from tests.search_spaces.strategies import architecture_of, cell_of
from tests.search_spaces.test_chain import chain_of, chains

CELL = architecture_of(cell_of((0, "conv_3x3", 1, "identity")), repeats=2, filters=16)
ONE_OF_EACH = (
    *("vgg-11", "googlenet", "resnet-18", "se-resnext-50", "preact-resnet-50", "wrn-28-10"),
    *("densenet-121", "mobilenet-v1", "mobilenet-v3-small", "nas-rl-v1", "nasnet-a-mobile"),
)

RELEASED = [
    (1.0, 1.1, 240, 7_794_184, 0.70e9),
    (1.1, 1.2, 260, 9_109_994, 1.0e9),
    (1.2, 1.4, 300, 12_233_232, 1.8e9),
    (1.4, 1.8, 380, 19_341_616, 4.2e9),
    (1.6, 2.2, 456, 30_389_784, 9.9e9),
    (1.8, 2.6, 528, 43_040_704, 19e9),
    (2.0, 3.1, 600, 66_347_960, 37e9),
]
"""EfficientNet-B1 to B7: multipliers of the published code, parameters, and table 2's MACs."""


@pytest.mark.parametrize(("width", "depth", "resolution", "params", "macs"), RELEASED)
def test_released_multipliers_make_b0_the_released_networks(width, depth, resolution, params, macs):
    b0 = find_or_raise_case_study("efficientnet-b0")
    scaled = scale(b0.architecture, width=width, depth=depth)
    analysis = analyze(scaled.model_copy(update={"resolution": resolution}), b0.input_shape, 1000)
    assert analysis.params == params
    # The table is rounded; torchvision's figures are ours, up to 4.6 % (B4) from the table's.
    assert analysis.macs == pytest.approx(macs, rel=0.05)


def test_every_case_study_scaled_by_one_stays_itself_and_else_does_not():
    for study in case_studies().values():
        assert scale(study.architecture, width=1, depth=1) == study.architecture
        assert scale(study.architecture, width=1.3, depth=1.2) != study.architecture


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_case_study_of_every_kind_has_more_macs_the_more_it_is_scaled(name):
    study = find_or_raise_case_study(name)
    larger = scale(study.architecture, width=1.3, depth=1.2)
    assert analyze(larger, study.input_shape, study.num_classes).macs > 1.2 * study.macs


def test_cells_get_more_filters_and_more_repeats_in_every_stack():
    scaled = scale(CELL, width=1.5, depth=1.2)
    assert (scaled.filters, scaled.repeats) == (24, 3)
    assert (scaled.normal, scaled.reduction) == (CELL.normal, CELL.reduction)
    layout = Layout(stem_width=32, later_stacks=(1, 4))
    own = scale(architecture_of(CELL.normal, filters=16, layout=layout), width=2, depth=1.5)
    assert own.layout == Layout(stem_width=64, later_stacks=(2, 6))


def test_benchmark_cells_get_more_filters_and_more_cells_in_every_stage():
    small = NasBench201Architecture(operations=("nor_conv_3x3",) * 6, cells=2, filters=16)
    scaled = scale(small, width=1.5, depth=1.2)
    assert scaled == small.model_copy(update={"cells": 3, "filters": 24})


def test_repeated_layers_of_a_chain_keep_its_skip_connections():
    chain = chain_of([(4, ()), (6, (0,)), (5, (0, 1))], stride_height=2, pool="max")
    scaled = scale(chain, width=1, depth=5 / 3)
    assert [layer.filters for layer in scaled.layers] == [4, 6, 6, 5, 5]
    assert [layer.inputs for layer in scaled.layers] == [(), (0,), (1,), (0, 2), (3,)]
    assert [layer.stride_height for layer in scaled.layers] == [2, 2, 1, 2, 1]
    assert [layer.pool for layer in scaled.layers] == ["max", "none", "max", "none", "max"]


@settings(max_examples=15)
@given(chains(), st.floats(0.5, 4), st.floats(0.5, 4))
def test_scaled_chain_has_a_network_and_no_fewer_layers(chain, width, depth):
    scaled = scale(chain, width=width, depth=depth, divisor=1)
    assert len(chain.layers) <= len(scaled.layers) <= max(len(chain.layers), 20)
    assert build(scaled, (1, 8, 8), 3).eval()(torch.rand(2, 1, 8, 8)).shape == (2, 3)


@settings(max_examples=8)
@given(
    st.sampled_from(["mbconv", "dense", "bottleneck", "inception", "preact-basic"]),
    st.floats(1, 3),
    st.floats(1, 3),
)
def test_more_of_anything_is_never_less(family, width, depth):
    network = network_of(stage_of(SMALL_BLOCKS[family]), stage_of(SMALL_BLOCKS[family]))
    least = analyze(network, (1, 16, 16), 3)
    more = analyze(scale(network, width=width, depth=depth), (1, 16, 16), 3)
    assert more.params >= least.params
    assert more.macs >= least.macs


def test_too_large_a_network_is_named():
    with pytest.raises(
        InfeasibleArchitectureError,
        match=r"scaled by width 1 and depth 999: repeats: .* less than or equal to 64 \(got 1998\)",
    ):
        scale(CELL, width=1, depth=999)


def test_space_that_does_not_say_how_is_named():
    with pytest.raises(UnscalableSpaceError, match="space 'answers' does not say how"):
        AnswersSpace.scale(Answers(chosen=()), width=2, depth=1, divisor=8)


class TestResolution:
    RESIZED = CELL.model_copy(update={"resolution": 12})

    def test_is_part_of_the_architecture_only_where_it_is_named(self):
        assert "resolution" not in CELL.model_dump_json()
        assert self.RESIZED.content_hash != CELL.content_hash
        assert parse_architecture(self.RESIZED.model_dump_json()) == self.RESIZED
        assert draw(self.RESIZED).startswith("images resized to 12 pixels\n")

    def test_network_is_counted_at_it(self):
        at_twelve = analyze(CELL, (3, 12, 18), 10)
        resized = analyze(self.RESIZED, (3, 8, 12), 10)
        assert resized.macs == at_twelve.macs
        assert self.RESIZED.seen_shape((3, 8, 12)) == (3, 12, 18)

    def test_classifier_resizes_what_it_is_given_and_keeps_the_weights_names(self):
        torch.manual_seed(0)
        plain = build_classifier(CELL, (3, 8, 8), 10).eval()
        model = build_classifier(self.RESIZED, (3, 8, 8), 10).eval()
        assert isinstance(model, ResizingClassifier)
        model.load_state_dict(plain.state_dict())
        assert type(plain) is Classifier
        images = torch.full((2, 3, 8, 8), 0.25)
        images[:, 1] = 0.75
        assert model.normalized(images).shape == (2, 3, 12, 12)
        larger = images[:, :, :1, :1].expand(-1, -1, 12, 12)
        torch.testing.assert_close(model(images), plain(larger))

    def test_shrinking_averages_what_no_longer_fits(self):
        shrunk = CELL.model_copy(update={"resolution": 4})
        model = build_classifier(shrunk, (1, 8, 8), 10)
        stripes = torch.zeros(1, 1, 8, 8)
        stripes[..., ::2] = 1
        inner = model.normalized(stripes)[..., 1:-1]
        torch.testing.assert_close(inner, torch.full_like(inner, 0.5), atol=0.01, rtol=0)

    @torch.no_grad()
    def test_written_module_resizes_too(self, tmp_path):
        path = tmp_path / "network.py"
        path.write_text(standalone_source(self.RESIZED, (3, 8, 8), 10))
        written = runpy.run_path(str(path))["build"]().eval()
        model = build_classifier(self.RESIZED, (3, 8, 8), 10).eval()
        written.load_state_dict(model.state_dict())
        images = torch.rand(2, 3, 8, 8)
        assert torch.equal(written(images), model(images))
