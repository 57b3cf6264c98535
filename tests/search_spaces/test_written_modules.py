"""Every space writes its networks as modules that need torch alone, run in a clean process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from search_spaces import Architecture, build, create_space, standalone_source
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.classifier import Classifier
from tests.search_spaces.test_contract import CASES
from tests.search_spaces.test_standalone import CHECK

SHAPE = (3, 8, 11)
LONGEST_LINE = 100


def networks(case: str) -> list[Architecture]:
    space = create_space(*CASES[case])
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


def published(name: str) -> CellArchitecture:
    """Return a case study of cells, fewer and narrower."""
    architecture = find_or_raise_case_study(name).architecture
    assert isinstance(architecture, CellArchitecture)
    return architecture.model_copy(update={"repeats": 1, "filters": 8})


@pytest.mark.parametrize("case", CASES)
def test_written_module_gives_the_networks_logits_without_our_packages(case, tmp_path):
    check_modules(networks(case), tmp_path)


def test_written_modules_of_the_published_cells_give_their_logits(tmp_path):
    names = ("nasnet-a-large", "nasnet-a-cifar", "pnasnet-5-large", "amoebanet-a", "enas-cifar")
    check_modules([published(name) for name in (*names, "darts-v2")], tmp_path)


@torch.no_grad()
def check_modules(architectures: list[Architecture], tmp_path: Path) -> None:
    for number, architecture in enumerate(architectures):
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
    assert done.stdout.split() == [f"network{number}" for number in range(len(architectures))]


@pytest.mark.parametrize("case", ["chain", "nasbench201", "cell, as published"])
def test_written_module_is_readable_and_names_its_architecture(case):
    architecture = networks(case)[0]
    source = standalone_source(architecture, SHAPE, 5)
    assert architecture.content_hash in source
    assert max(map(len, source.splitlines())) <= LONGEST_LINE
    assert source == standalone_source(architecture.canonical(), SHAPE, 5)
