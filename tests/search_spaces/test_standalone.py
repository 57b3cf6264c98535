from __future__ import annotations

import subprocess
import sys

import torch

from search_spaces import build, standalone_source
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.operations import OPERATIONS
from search_spaces.classifier import Classifier
from tests.search_spaces.strategies import architecture_of, cell_of, every_operation

SHAPE = (3, 7, 9)

CHECK = """
import runpy, sys
from pathlib import Path
import torch

for source in sorted(Path(sys.argv[1]).glob("*.py")):
    module = runpy.run_path(str(source))
    saved = torch.load(source.with_suffix(".saved"), weights_only=True)
    model = module["build"]()
    model.load_state_dict(saved["weights"], strict=True)
    assert torch.equal(model.eval()(saved["images"]), saved["logits"]), source
    torch.save(saved["weights"], source.with_suffix(".pt"))
    loaded = module["load"](source.with_suffix(".pt"))
    assert torch.equal(loaded(saved["images"]), saved["logits"]), source
    print(source.stem)
ours = {"search_spaces", "nas", "workers", "api", "pydantic"}
assert not ours & {name.split(".")[0] for name in sys.modules}
"""


def cases() -> dict[str, CellArchitecture]:
    alone = {name: architecture_of(cell_of((0, name, 1, name)), repeats=1) for name in OPERATIONS}
    unused_inputs = architecture_of(
        cell_of((0, "identity", 0, "conv_1x1")), cell_of((1, "identity", 1, "conv_3x3")), repeats=2
    )
    every = {f"all{number}": each for number, each in enumerate(every_operation())}
    return {**alone, **every, "unused": unused_inputs}


def classifier(architecture: CellArchitecture) -> Classifier:
    """Make a classifier whose weights, norms and statistics all differ from fresh ones."""
    torch.manual_seed(1)
    model = Classifier(build(architecture, SHAPE, 10), SHAPE[0])
    model.mean.uniform_()
    model.std.uniform_(0.5, 1)
    model.train()(torch.rand(8, *SHAPE))
    return model.eval()


@torch.no_grad()
def test_written_module_is_the_network_without_any_of_our_packages(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name, architecture in cases().items():
        model = classifier(architecture)
        images = torch.rand(2, *SHAPE)
        (sources / f"{name}.py").write_text(standalone_source(architecture, SHAPE, 10))
        torch.save(
            {"weights": model.state_dict(), "images": images, "logits": model(images)},
            sources / f"{name}.saved",
        )
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHECK, str(sources)],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(cases())


def test_written_module_is_the_same_for_equal_architectures():
    one = architecture_of(cell_of((0, "identity", 1, "conv_1x1"), (1, "conv_3x3", 0, "identity")))
    other = architecture_of(cell_of((0, "identity", 1, "conv_3x3"), (1, "conv_1x1", 0, "identity")))
    assert standalone_source(one, SHAPE, 10) == standalone_source(other, SHAPE, 10)
    assert one.content_hash in standalone_source(one, SHAPE, 10)


def test_written_module_has_only_the_blocks_it_uses():
    source = standalone_source(architecture_of(cell_of((0, "identity", 1, "conv_1x1"))), SHAPE, 10)
    assert "class ConvBlock" in source
    assert "class MBConv" not in source
    assert "search_spaces" not in source
