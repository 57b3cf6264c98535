"""The example package, installed as a user installs it, searched and exported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nas.errors import InvalidInputError
from nas.job import parse_job_spec
from tests.e2e.processes import run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "nas-ghost-blocks"
SEARCH = ["search", "--epochs", "1", "--final-epochs", "1", "--json"]


@pytest.fixture(scope="module")
def python_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the example is installed, and this checkout."""
    directory = tmp_path_factory.mktemp("installed")
    shutil.copytree(EXAMPLE, directory / "source")  # the build writes beside its sources
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    target = ("--target", str(directory / "site"))
    pip = (sys.executable, "-m", "pip", "install", "--quiet")
    subprocess.run([*pip, *offline, *target, str(directory / "source")], check=True)
    assert (directory / "site" / "nas_ghost_blocks" / "ghost.py").is_file()
    return os.pathsep.join([str(directory / "site"), str(ROOT)])


def searched(data_dir: Path, python_path: str, *arguments: str) -> dict[str, object]:
    return json.loads(run(data_dir, *SEARCH, *arguments, PYTHONPATH=python_path))


def runs_alone(module: str, directory: Path) -> None:
    """Run an exported module with its weights where none of our packages can be imported."""
    done = subprocess.run(
        [sys.executable, "-I", module], capture_output=True, text=True, cwd=directory, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "logits (1, 10)" in done.stdout
    source = Path(module).read_text()
    assert "class GhostModule" in source
    assert "nas_ghost_blocks" not in source
    assert "search_spaces" not in source


@pytest.mark.slow
def test_operation_of_a_package_is_searched_drawn_analysed_and_exported(
    tmp_path: Path, python_path: str
) -> None:
    result = searched(
        tmp_path,
        python_path,
        *("--space", "cell", "--sampler", "random", "--trials", "2"),
        *("--space-option", 'operations=["ghost_conv_3x3"]', "--space-option", "blocks=1"),
        *("--space-option", "filters=4"),
    )
    assert result["status"] == "completed"
    assert result["exports"]["onnx"]["max_abs_difference"] <= 1e-4
    assert result["exports"]["python"]["max_abs_difference"] <= 1e-4
    runs_alone(result["exports"]["python"]["files"][0], tmp_path)
    architecture = result["exports"]["json"]["files"][0]
    analysis = json.loads(
        run(tmp_path, "analyze", architecture, "--input", "1x8x8", "--json", PYTHONPATH=python_path)
    )
    assert analysis["total"]["params"] == result["best"]["metrics"]["params"]
    drawn = run(tmp_path, "analyze", architecture, "--input", "1x8x8", PYTHONPATH=python_path)
    assert "ghost_conv_3x3" in drawn


@pytest.mark.slow
def test_space_of_a_package_is_searched_and_exported(tmp_path: Path, python_path: str) -> None:
    listed = json.loads(run(tmp_path, "spaces", "--json", PYTHONPATH=python_path))
    assert "ghostnet" in [space["name"] for space in listed]
    result = searched(
        tmp_path,
        python_path,
        *("--space", "ghostnet", "--sampler", "tpe", "--trials", "3"),
        *("--space-option", "filters=4", "--space-option", "depths=[1, 2]"),
    )
    assert result["status"] == "completed"
    assert result["best"]["architecture"]["space"] == "ghostnet"
    assert result["exports"]["python"]["max_abs_difference"] <= 1e-4
    runs_alone(result["exports"]["python"]["files"][0], tmp_path)


@pytest.mark.slow
def test_space_of_a_package_keeps_what_every_space_promises(python_path: str) -> None:
    contracts = ("test_contract.py", "test_written_modules.py")
    files = [str(ROOT / "tests" / "search_spaces" / name) for name in contracts]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "ghostnet", *files],
        env=os.environ | {"PYTHONPATH": python_path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_without_the_package_its_names_are_unknown() -> None:
    request = {"space": "cell", "sampler": "rl", "dataset": "digits"}
    with pytest.raises(InvalidInputError, match="no operation 'ghost_conv_3x3', allowed: identity"):
        parse_job_spec(request | {"space_options": {"operations": ["ghost_conv_3x3"]}})
