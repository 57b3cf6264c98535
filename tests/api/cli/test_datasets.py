from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from api.cli.app import app

RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / "x" / name).mkdir(parents=True)
        for index in range(5):
            pixels = np.full((4, 4), 20 * index, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "x" / name / f"{index}.png")
    (tmp_path / "x" / "a" / "5.png").write_bytes(b"broken")


def test_listing_names_the_kinds_with_their_options_and_stays_a_list_of_data_sets_in_json():
    shown = RUNNER.invoke(app, ["datasets"]).output
    for text in ("digits", "folder:PATH", "torchvision:NAME", "download"):
        assert text in shown
    listed = json.loads(RUNNER.invoke(app, ["datasets", "--json"]).output)
    assert {each["name"] for each in listed} == {"digits", "tones"}


def test_own_folder_is_looked_into_from_where_the_command_runs(folder):
    result = RUNNER.invoke(app, ["datasets", "folder:x?unreadable=0.1", "--json"])
    view = json.loads(result.output)
    assert view["input_shape"] == [1, 4, 4]
    assert view["unreadable"] == 1
    assert view["streamed"] is False
    assert view["train_size"] + view["validation_size"] + view["test_size"] == 10
