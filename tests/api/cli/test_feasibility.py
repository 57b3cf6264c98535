from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.app import run
from api.cli.exit_codes import EXIT_BAD_INPUT


def test_search_that_can_train_nothing_is_refused_before_it_is_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    for arguments, message in (
        (["--start-from", "alexnet"], "start_from: case study 'alexnet' cannot be trained on 'di"),
        (["--space-option", "depths=[128]", "--space-option", "widths=[2560]"], "space_options: "),
    ):
        kinds = ["--space-option", 'families=["conv"]'] if len(arguments) > 2 else []
        code = run(["search", "--space", "stages", *arguments, *kinds])
        assert code == EXIT_BAD_INPUT
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"nas: error: {message}")
    assert not list(tmp_path.iterdir())


def test_giant_network_is_refused_by_analyze(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = {"block": {"family": "dense", "growth_rate": 128}, "depth": 128}
    file = tmp_path / "giant.json"
    file.write_text(json.dumps({"space": "stages", "stages": [stage] * 12}))
    assert run(["analyze", str(file)]) == EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nas: error: architecture: more than 2,000,000,000 parameters, allowed")
