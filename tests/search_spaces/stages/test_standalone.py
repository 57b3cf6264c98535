from __future__ import annotations

import subprocess
import sys

import torch

from search_spaces import build, standalone_source
from search_spaces.classifier import Classifier
from search_spaces.stages.architecture import AuxiliaryHead, Head, Pool, StagesArchitecture
from search_spaces.stages.families import Conv
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of
from tests.search_spaces.test_standalone import CHECK

SHAPE = (3, 9, 8)


def cases() -> dict[str, StagesArchitecture]:
    alone = {name: network_of(stage_of(block)) for name, block in SMALL_BLOCKS.items()}
    everything = network_of(
        *(stage_of(block, stride=1) for block in SMALL_BLOCKS.values()),
        head=Head(features=8, grid=2, hidden=(6, 5), activation="hard-swish", dropout=0.1),
        batch_norm={"eps": 1e-3, "momentum": 0.01},
        drop_path=0.2,
    )
    stage = stage_of(Conv(width=8), pool=Pool(), auxiliary=AuxiliaryHead(hidden=8))
    return {**alone, "everything": everything, "auxiliary": network_of(stage, stem=None)}


@torch.no_grad()
def test_written_module_is_the_network_without_any_of_our_packages(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    for name, architecture in cases().items():
        torch.manual_seed(1)
        model = Classifier(build(architecture, SHAPE, 10), SHAPE[0])
        model.mean.uniform_()
        model.train()(torch.rand(8, *SHAPE))
        images = torch.rand(2, *SHAPE)
        logits = model.eval()(images)
        (sources / f"{name}.py").write_text(standalone_source(architecture, SHAPE, 10))
        torch.save(
            {"weights": model.state_dict(), "images": images, "logits": logits},
            sources / f"{name}.saved",
        )
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHECK, str(sources)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(cases())


def test_written_module_has_only_the_blocks_it_uses():
    source = standalone_source(network_of(stage_of(SMALL_BLOCKS["separable"])), SHAPE, 10)
    assert "class DepthwiseSeparable" in source
    for other in ("SeparableConv", "MBConv", "Bottleneck", "DropPath", "search_spaces"):
        assert other not in source
