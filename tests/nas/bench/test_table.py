from __future__ import annotations

import gzip

import pytest

from nas.bench.problem import TableProblem
from nas.bench.table import load_table
from nas.errors import InvalidInputError

COLUMNS = "edge_0_1,edge_0_2,edge_1_2,edge_0_3,edge_1_3,edge_2_3"
SKIPS = ",".join(["skip_connect"] * 6)


def test_built_in_table_has_every_cell_and_the_published_best():
    table = load_table("nb201")
    assert (table.name, table.space.name, len(table.values)) == ("nb201", "nasbench201", 15625)
    assert table.optimum == 94.0664
    best = max(table.values, key=table.values.__getitem__)
    expected = "nor_conv_3x3 nor_conv_3x3 nor_conv_3x3 skip_connect nor_conv_1x1 nor_conv_3x3"
    assert best == tuple(expected.split())


def test_table_of_small_cells_has_an_accuracy_for_every_answer():
    table = load_table("cells-digits")
    assert table.space.name == "cell"
    assert table.space.size == len(table.values) == 4096
    values = set(table.values.values())
    assert 0 <= min(values) < max(values) == table.optimum <= 100
    networks = {}
    for key, value in table.values.items():
        choices = dict(zip((d.name for d in table.space.decisions), key, strict=True))
        content_hash = table.space.architecture(choices).content_hash
        assert networks.setdefault(content_hash, value) == value
    assert len(networks) == 1296


def test_rows_are_found_by_their_answers_in_any_order_of_columns(tmp_path):
    shuffled = tmp_path / "mine.csv.gz"
    header = "edge_2_3,edge_0_1,edge_0_2,edge_1_2,edge_0_3,edge_1_3,accuracy"
    row = "none,skip_connect,nor_conv_1x1,nor_conv_3x3,avg_pool_3x3,none,61.5"
    shuffled.write_bytes(gzip.compress(f"{header}\n{row}\n".encode()))
    table = load_table(str(shuffled))
    assert table.name == "mine"
    choices = dict(zip(header.split(",")[:-1], row.split(",")[:-1], strict=True))
    assert table.values[table.key(choices)] == 61.5
    problem = TableProblem(table)
    assert problem.value(problem.architecture(choices)) == 61.5
    assert problem.value(problem.architecture(choices | {"edge_0_1": "none"})) is None


def test_equal_networks_are_different_rows_of_a_table():
    problem = TableProblem(load_table("nb201"))
    first = dict.fromkeys(COLUMNS.split(","), "none")
    second = first | {"edge_1_3": "skip_connect"}  # of nothing: no other network
    assert problem.architecture(first).content_hash == problem.architecture(second).content_hash
    keys = {problem.key(problem.architecture(choices)) for choices in (first, second)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{COLUMNS},value\n{SKIPS},1\n", r"last column is 'value'.*allowed: .*'accuracy'"),
        ("", r"last column is ''"),
        (f"{COLUMNS},accuracy\n", "no rows"),
        (f"{COLUMNS},accuracy\n{SKIPS}\n", r"line 2: 6 columns, allowed: 7"),
        (f"{COLUMNS},accuracy\n{SKIPS},high\n", r"line 2: accuracy is 'high', allowed: a number"),
        (f"{COLUMNS},accuracy\n{SKIPS},nan\n", r"line 2: accuracy is 'nan'"),
        (
            f"{COLUMNS},accuracy\n{SKIPS.replace('skip_connect', 'jump', 1)},1\n",
            r"line 2: edge_0_1 is 'jump', allowed: none, skip_connect",
        ),
        ("width,accuracy\n8,1\n", r"columns width are not the decisions of any space"),
    ],
)
def test_what_is_no_table_is_refused_by_place_and_value(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        load_table(str(path))


def test_broken_and_missing_files_are_refused(tmp_path):
    broken = tmp_path / "t.csv.gz"
    broken.write_bytes(b"\x1f\x8b and no more")
    with pytest.raises(InvalidInputError, match=r"t\.csv\.gz: .*allowed: CSV in UTF-8"):
        load_table(str(broken))
    with pytest.raises(
        InvalidInputError, match=r"table: got 'nb301', allowed: nb201, cells-digits or a CSV"
    ):
        load_table("nb301")


def test_space_may_be_named_with_options(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"{COLUMNS},accuracy\n{SKIPS},1\n")
    table = load_table(str(path), "nasbench201", {"cells": 1})
    assert table.space.options.cells == 1
    with pytest.raises(InvalidInputError, match="not the decisions of space 'chain'"):
        load_table(str(path), "chain")
