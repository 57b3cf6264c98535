from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from api.cli.app import run
from api.cli.output import byte_size, console
from search_spaces import draw_svg
from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study

STUDY = find_or_raise_case_study("resnet-18")


def test_json_has_memory_for_the_batch_asked_for(capsys):
    command = ["analyze", "resnet-18", "--input", "3x64x64", "--batch-size", "8", "--json"]
    assert run(command) == 0
    shown = json.loads(capsys.readouterr().out)
    analysis = analyze(STUDY.architecture, (3, 64, 64), 1000)
    assert shown["batch_size"] == 8
    assert shown["total"] == {
        "params": analysis.params,
        "macs": analysis.macs,
        "receptive_field": analysis.receptive_field,
        "depth": 18,
        "peak_activation_bytes": analysis.peak_activation_bytes(8),
        "training_bytes": analysis.training_bytes(8),
    }
    first = shown["layers"][0]
    assert first["activation_bytes"] == 4 * 64 * 32 * 32
    assert first["output_shape"] == [64, 32, 32]


def test_table_has_activations_and_totals(capsys, monkeypatch):
    monkeypatch.setattr(console, "width", 160)
    assert run(["analyze", "resnet-18", "--input", "3x64x64", "--batch-size", "8"]) == 0
    out = capsys.readouterr().out
    assert "activations" in out
    assert "256.0 KiB" in out  # 64x32x32
    assert "depth 18" in out
    assert "memory at batch size 8, float32: 4.4 MiB" in out


def test_drawing_goes_to_a_file_beside_the_table(capsys, tmp_path):
    path = tmp_path / "resnet.svg"
    command = ["analyze", "resnet-18", "--input", "3x64x64", "--svg", str(path), "--json"]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "resnet-18"
    assert path.read_text(encoding="utf-8") == draw_svg(STUDY.architecture)


def test_drawing_is_all_there_is_on_standard_output(capsys):
    assert run(["analyze", "resnet-18", "--svg", "-"]) == 0
    assert ET.fromstring(capsys.readouterr().out).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--svg", "-", "--json"], "--svg: got '-' with --json"),
        (["--svg", "/no/such/folder/x.svg"], "--svg: cannot write /no/such/folder/x.svg"),
        (["--batch-size", "0"], "Invalid value for '--batch-size'"),
    ],
)
def test_bad_options_end_with_one_line(capsys, options, message):
    assert run(["analyze", "resnet-18", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"nas: error: {message}")
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (2**20, "1.0 MiB"),
        (3 * 2**40, "3072.0 GiB"),
    ],
)
def test_bytes_have_binary_units(count, text):
    assert byte_size(count) == text
