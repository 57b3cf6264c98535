from __future__ import annotations

import json

import pytest

from api.cli.app import run
from nas.proxies import PROXIES
from search_spaces.case_studies import find_or_raise_case_study
from tests.workers.training.factories import SMALL


def test_scores_of_a_file_come_with_their_seconds(tmp_path, capsys):
    path = tmp_path / "small.json"
    path.write_text(SMALL.model_dump_json())
    assert run(["score", str(path), "--batch-size", "8", "--json"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert (view["name"], view["dataset"], view["batch_size"]) == ("small", "digits", 8)
    assert [each["proxy"] for each in view["scores"]] == list(PROXIES)
    assert all(each["seconds"] > 0 for each in view["scores"])


def test_case_study_is_scored_by_its_name(capsys):
    assert run(["score", "resnet-18", "--batch-size", "2", "--json"]) == 0
    view = json.loads(capsys.readouterr().out)
    scores = {each["proxy"]: each["score"] for each in view["scores"]}
    assert view["name"] == "resnet-18"
    # One colour in place of three, ten classes in place of a thousand.
    published = find_or_raise_case_study("resnet-18").params
    assert scores["params"] == published - 2 * 49 * 64 - 990 * 513


def test_table_shows_every_proxy(tmp_path, capsys):
    path = tmp_path / "small.json"
    path.write_text(SMALL.model_dump_json())
    assert run(["score", str(path), "--batch-size", "8"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in PROXIES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "alexnet"], "layer 'stem.1' has no output for a 1x8x8 image"),
        (["score", "nothing"], "cannot read nothing"),
        (["score", "resnet-18", "--dataset", "mnist"], "--dataset: no data set 'mnist'; known:"),
        (["score", "resnet-18", "--batch-size", "1"], "--batch-size"),
    ],
)
def test_bad_input_ends_in_one_line(arguments, message, capsys):
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_proxies_are_listed_with_their_sources(capsys):
    assert run(["proxies", "--json"]) == 0
    views = {view["name"]: view for view in json.loads(capsys.readouterr().out)}
    assert views["zen"]["source"] == "Lin et al. 2021"
    assert set(views) == set(PROXIES)
