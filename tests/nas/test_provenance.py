from __future__ import annotations

import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from nas.provenance import Environment, git_revision


def git(directory: Path, *arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    command = ["git", "-C", str(directory), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_environment_names_this_process():
    environment = Environment.of_this_process("cpu")
    assert (environment.device, environment.python) == ("cpu", platform.python_version())
    assert environment.packages["torch"] == metadata.version("torch")
    assert {"numpy", "ray", "optuna", "torchvision"} <= environment.packages.keys()
    assert Environment.model_validate_json(environment.model_dump_json()) == environment


def test_revision_is_that_of_the_checkout_and_says_where_files_differ(tmp_path):
    git(tmp_path, "init", "--quiet")
    package = tmp_path / "package"
    package.mkdir()
    (package / "code.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    git(tmp_path, "tag", "v1")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert git_revision(package) == commit
    (package / "code.py").write_text("x = 2\n")
    git_revision.cache_clear()
    assert git_revision(package) == f"{commit}-dirty"


def test_package_installed_below_a_checkout_is_not_taken_for_it(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "mine.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    installed = tmp_path / "site-packages" / "nas"
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("x = 1\n")
    assert git_revision(installed) is None


def test_no_checkout_has_no_revision(tmp_path):
    assert git_revision(tmp_path) is None
    assert git_revision(tmp_path / "absent") is None
