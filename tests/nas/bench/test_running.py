from __future__ import annotations

import pytest

from nas.bench.problem import TableProblem
from nas.bench.running import Run, run_on_table
from nas.bench.summary import summarise
from nas.bench.table import Table, load_table
from tests.nas.factories import new_database


@pytest.fixture(scope="module")
def problem() -> TableProblem:
    return TableProblem(load_table("nb201"))


@pytest.fixture
def embedded(tmp_path):
    database = new_database(tmp_path)
    yield database
    database.close()


def test_regret_falls_to_that_of_the_best_row_queried(embedded, problem):
    run = run_on_table(embedded, problem, "random", 0, 20)
    assert len(run.regrets) == 20
    assert list(run.regrets) == sorted(run.regrets, reverse=True)
    assert run.queries_to_optimum is None
    assert run.asks >= 20
    assert run.ask_seconds > 0
    assert run_on_table(embedded, problem, "random", 0, 20).regrets == run.regrets
    assert run_on_table(embedded, problem, "random", 1, 20).regrets != run.regrets


def test_search_ends_at_the_optimum(embedded, problem):
    table = problem.table
    nearly_flat = Table("flat", table.space, dict.fromkeys(table.values, 50.0))
    run = run_on_table(embedded, TableProblem(nearly_flat), "random", 0, 20)
    assert run.regrets == (0.0,)
    assert run.queries_to_optimum == 1


def test_rows_that_a_table_lacks_cost_no_query(embedded, problem):
    table = problem.table
    some = {key: value for key, value in table.values.items() if key[0] == "none"}
    run = run_on_table(embedded, TableProblem(Table("part", table.space, some)), "random", 0, 5)
    assert len(run.regrets) == 5
    assert run.asks > 5


def test_model_finds_a_good_cell_sooner_than_random(embedded, problem):
    model, random = (
        [run_on_table(embedded, problem, name, seed, 25) for seed in range(2)]
        for name in ("model", "random")
    )
    assert summarise(model, 25)["mean_regret"]["25"] < summarise(random, 25)["mean_regret"]["25"]


def test_summary_counts_a_seed_without_the_optimum_as_later_than_all_others():
    runs = [
        Run((3.0, 1.0, 0.0), 3, 4, 0.4),
        Run((2.0, 2.0, 2.0, 2.0), None, 4, 0.4),
        Run((0.0,), 1, 2, 0.2),
    ]
    summary = summarise(runs, 4)
    assert summary["queries_to_optimum"] == [3, None, 1]
    assert summary["median_queries_to_optimum"] == 3
    assert summary["quartiles_queries_to_optimum"] == [1, 3, None]
    assert summary["share_at_optimum"] == pytest.approx(2 / 3)
    assert summary["mean_regret"] == {"4": pytest.approx(2 / 3)}
    assert summary["seconds_per_ask"] == pytest.approx(0.1)
    assert summarise([runs[1]], 4)["median_queries_to_optimum"] is None
