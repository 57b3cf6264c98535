from __future__ import annotations

import json

import pytest

from api.cli.app import run


def test_bench_prints_the_figures_that_scripts_rely_on(tmp_path, capsys):
    plot = tmp_path / "curves.png"
    arguments = ["bench", "--table", "nb201", "--sampler", "random,evolution", "--seeds", "2"]
    code = run([*arguments, "--queries", "30", "--processes", "2", "--plot", str(plot), "--json"])
    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["table"], printed["optimum"]) == ("nb201", 94.0664)
    assert list(printed["samplers"]) == ["random", "evolution"]
    for figures in printed["samplers"].values():
        assert figures["seeds"] == 2
        assert len(figures["queries_to_optimum"]) == 2
        assert list(figures["mean_regret"]) == ["25", "30"]
        assert {"median_queries_to_optimum", "share_at_optimum", "seconds_per_ask"} <= set(figures)
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--table", "none.csv"],
            "table: got 'none.csv', allowed: nb201, cells-digits or a CSV file",
        ),
        (["--table", "nb201", "--sampler", "luck"], "--sampler: got 'luck', allowed: "),
        (["--table", "nb201", "--seeds", "0"], "--seeds"),
        (["--table", "nb201", "--plot", "/nowhere/x.png"], "--plot: got '/nowhere/x.png'"),
        (["--table", "nb201", "--space", "chain"], "not the decisions of space 'chain'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, options, message):
    assert run(["bench", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
