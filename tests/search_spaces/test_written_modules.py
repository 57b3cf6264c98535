"""Every space writes its networks as modules that need torch alone, run in a clean process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from search_spaces import Architecture, build, create_space, spaces, standalone_source
from search_spaces.classifier import Classifier
from tests.search_spaces.test_contract import SMALL_OPTIONS
from tests.search_spaces.test_standalone import CHECK

SHAPE = (3, 8, 11)
LONGEST_LINE = 100


def networks(name: str) -> list[Architecture]:
    space = create_space(name, SMALL_OPTIONS.get(name))
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(4)]


def trained(architecture: Architecture) -> Classifier:
    """Make a classifier whose weights, norms and statistics all differ from fresh ones."""
    torch.manual_seed(1)
    model = Classifier(build(architecture, SHAPE, 5), SHAPE[0])
    model.mean.uniform_()
    model.std.uniform_(0.5, 1)
    model.train()(torch.rand(8, *SHAPE))
    return model.eval()


@pytest.mark.parametrize("name", sorted(spaces()))
@torch.no_grad()
def test_written_module_gives_the_networks_logits_without_our_packages(name, tmp_path):
    for number, architecture in enumerate(networks(name)):
        model, images = trained(architecture), torch.rand(2, *SHAPE)
        source = standalone_source(architecture, SHAPE, 5)
        assert "search_spaces" not in source
        (tmp_path / f"network{number}.py").write_text(source)
        torch.save(
            {"weights": model.state_dict(), "images": images, "logits": model(images)},
            tmp_path / f"network{number}.saved",
        )
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHECK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"network{number}" for number in range(4)]


@pytest.mark.parametrize("name", ["chain", "nasbench201"])
def test_written_module_is_readable_and_names_its_architecture(name):
    architecture = networks(name)[0]
    source = standalone_source(architecture, SHAPE, 5)
    assert architecture.content_hash in source
    assert max(map(len, source.splitlines())) <= LONGEST_LINE
    assert source == standalone_source(architecture.canonical(), SHAPE, 5)
