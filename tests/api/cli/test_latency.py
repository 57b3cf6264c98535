from __future__ import annotations

import json

import pytest

from api.cli.app import run
from tests.workers.training.factories import SMALL


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(SMALL.model_dump_json())
    return str(path)


def test_latency_is_measured_under_conditions_that_are_named(file, capsys):
    command = ["latency", file, "--input", "1x8x8", "--batch-size", "4", "--device", "cpu"]
    assert run([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["name"] == "small"
    assert 0 < shown["lower_quartile_ms"] <= shown["latency_ms"] <= shown["upper_quartile_ms"]
    assert shown["repeats"] >= 11
    conditions = shown["conditions"]
    assert conditions["device"] == "cpu" and conditions["device_name"]
    assert (conditions["batch_size"], conditions["threads"]) == (4, 1)
    assert conditions["dtype"] == "float32"
    assert run(command) == 0
    assert "batch size 4, float32, 1 threads on cpu" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.json"], "ARCH.json: cannot read nope.json"),
        (["resnet-18", "--device", "tpu"], "--device: got 'tpu', allowed: cpu or cuda"),
        (["resnet-18", "--input", "3x32"], "--input: got '3x32', allowed: CHANNELSxHEIGHTxWIDTH"),
        (["resnet-18", "--batch-size", "0"], "--batch-size"),
    ],
)
def test_bad_input_ends_with_one_line(arguments, message, capsys):
    assert run(["latency", *arguments]) == 2
    assert message in capsys.readouterr().err
