from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from api.cli.app import run
from api.cli.baselines import baseline_line, baseline_rows, baseline_summary, wanted_baselines
from api.cli.display import JobProgress, render, shown
from nas.artifacts import ArtifactStore
from nas.baselines import BASELINES, BaselineResult
from nas.database import Database
from tests.nas.factories import add_job, new_database, new_loop, new_spec, run_to_the_end
from tests.workers.in_process import InProcess
from tests.workers.training.factories import digits
from workers.baselines import JobBaselines


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


def test_line_tells_how_far_the_best_is_from_a_baseline():
    result = BaselineResult(name="hog", validation_accuracy=0.95)
    assert baseline_line(result, None) == "baseline hog: 95.00%"
    assert baseline_line(result, 0.9725) == "baseline hog: 95.00%, best +2.25 points"
    assert baseline_line(result, 0.9) == "baseline hog: 95.00%, best -5.00 points"
    failed = BaselineResult(name="hog", error="MemoryError: too large")
    assert baseline_line(failed, 0.9) == "baseline hog: MemoryError: too large"


def measured_job(tmp_path: Path) -> tuple[Database, str]:
    """A job that has measured its linear baseline and run its trials."""
    database = new_database(tmp_path)
    spec = new_spec(baselines=["linear", "hog"], trials=2)
    job_id = add_job(database, spec)
    calls = InProcess()
    store = ArtifactStore(f"file://{tmp_path}")
    JobBaselines(database, store, job_id, spec, digits(100, 50), calls).measure()
    run_to_the_end(new_loop(database, job_id))
    return database, job_id


def text_of(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def test_progress_and_best_show_the_baselines(tmp_path, capsys):
    database, job_id = measured_job(tmp_path)
    progress = JobProgress(database, job_id)
    found = {each.name: each.validation_accuracy for each in progress.job.baselines}
    best = progress.job.best.metrics.accuracy
    drawn = text_of(render(progress))
    for name, accuracy in found.items():
        lead = f"{100 * (best - accuracy):+.2f} points"
        assert f"baseline {name}: {accuracy:.2%}, best {lead}" in drawn
    seen: set[str] = set()
    assert len(progress.baselines_since(seen)) == 2
    assert progress.baselines_since(seen) == []
    assert run(["best", job_id, "--db", f"sqlite:///{tmp_path / 'nas.db'}"]) == 0
    printed = capsys.readouterr().out
    assert "baseline linear" in printed
    assert f"{found['linear']:.2%}" in printed
    database.close()


def test_baselines_are_printed_where_there_is_no_terminal(tmp_path):
    database, job_id = measured_job(tmp_path)
    console = Console(file=io.StringIO(), width=100)
    with shown(database, job_id, console, quiet=False):
        pass
    lines = console.file.getvalue().splitlines()
    assert sum(line.startswith("baseline ") for line in lines) == 2
    database.close()


def test_progress_says_nothing_of_baselines_that_are_not_known(tmp_path):
    database = new_database(tmp_path)
    progress = JobProgress(database, add_job(database, new_spec(baselines=["linear"])))
    assert "baseline" not in text_of(render(progress))
    database.close()
