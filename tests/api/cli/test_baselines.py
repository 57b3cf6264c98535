from __future__ import annotations

import json

import pytest

from api.cli.app import run
from api.cli.baselines import baseline_rows, baseline_summary, wanted_baselines
from nas.baselines import BASELINES, BaselineResult


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (None, []),
        (["all"], list(BASELINES)),
        (["linear,hog"], ["linear", "hog"]),
        (["linear", "hog, mlp"], ["linear", "hog", "mlp"]),
    ],
)
def test_names_come_with_commas_or_by_repeating(texts, names):
    assert wanted_baselines(texts) == names


def test_unknown_name_ends_with_the_known_ones(capsys):
    assert run(["search", "--baselines", "linear,svm"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nas: error: baselines: no baseline 'svm'; known: bag-of-visual-words")


def test_baselines_are_listed(capsys):
    assert run(["baselines", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == list(BASELINES)
    assert all(entry["summary"] for entry in listed)
    assert run(["baselines"]) == 0
    assert "bag-of-visual-words" in capsys.readouterr().out


def test_rows_show_figures_or_the_reason():
    done = BaselineResult(
        name="linear", validation_accuracy=0.95, test_accuracy=0.9, features=64, parameters=1650
    )
    failed = BaselineResult(name="hog", error="MemoryError: too large")
    assert baseline_rows([done, failed]) == [
        ("baseline linear", "–", "1,650", "–", "95.00%", "90.00%"),
        ("baseline hog", "–", "–", "–", "–", "MemoryError: too large"),
    ]
    assert baseline_summary([done, failed]) == "linear 95.00%, hog MemoryError: too large"
    assert baseline_summary([]) == "–"
