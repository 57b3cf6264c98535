"""Every case study leaves as a formatted module that makes the very network."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest
import torch

from search_spaces import build_classifier, standalone_source
from search_spaces.case_studies import case_studies, find_or_raise_case_study

LONGEST_BUILD = 150
"""Lines that write the calls of the largest network; ResNet of 1,001 layers alone has 333."""

ONE_OF_EACH_KIND = (
    *("googlenet-aux", "resnet-18", "se-resnext-50", "preact-resnet-50", "densenet-121"),
    *("mobilenet-v1", "mobilenet-v3-small", "efficientnet-b0", "nas-rl-v1", "nasnet-a-mobile"),
)
"""Enough of them to run: that the modules are the networks is known of all, layer by layer."""

SIZE = 32


@cache
def source_of(name: str) -> str:
    case_study = find_or_raise_case_study(name)
    return standalone_source(case_study.architecture, case_study.input_shape, 10)


def built(name: str) -> torch.nn.Module:
    namespace = {"__name__": "exported"}
    exec(compile(source_of(name), f"{name}.py", "exec"), namespace)
    return namespace["build"]()


def test_written_modules_are_as_the_formatter_leaves_them(tmp_path):
    for name in case_studies():
        (tmp_path / f"{name.replace('-', '_').replace('.', '_')}.py").write_text(source_of(name))
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", case_studies())
def test_written_module_makes_the_network_layer_by_layer(name):
    case_study = find_or_raise_case_study(name)
    with torch.device("meta"):
        ours = build_classifier(case_study.architecture, case_study.input_shape, 10)
        written = built(name)
    assert str(written) == str(ours)
    shapes = {key: value.shape for key, value in written.state_dict().items()}
    assert shapes == {key: value.shape for key, value in ours.state_dict().items()}


def test_layers_alike_are_written_as_loops():
    for name in case_studies():
        source = source_of(name)
        assert source.count("\n", source.index("def build()")) < LONGEST_BUILD, name


@torch.no_grad()
@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_written_module_gives_the_networks_outputs(name):
    case_study = find_or_raise_case_study(name)
    torch.manual_seed(0)
    ours = build_classifier(case_study.architecture, case_study.input_shape, 10).eval()
    written = built(name)
    written.load_state_dict(ours.state_dict())
    images = torch.rand(2, case_study.input_shape[0], SIZE, SIZE)
    assert torch.equal(written.eval()(images), ours(images))
