from __future__ import annotations

import logging
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nas.errors import TrialInfeasibleError
from nas.evaluation import EpochReport, Evaluator
from nas.layout import TRIAL_LOG_NAME
from tests.nas.factories import new_report
from tests.workers.training.factories import digits, new_task
from workers.training.evaluator import TrainingEvaluator
from workers.trial_log import LoggedEvaluator


@dataclass(frozen=True)
class Talkative(Evaluator):
    """Says something in every way there is, and fails after its first epoch."""

    error: Exception

    def evaluate(self, task):
        print("building")  # noqa: T201
        sys.stderr.write("half a line")
        warnings.warn("kernel is slow", stacklevel=1)
        logging.getLogger("workers.training").info("learning rate 0.1")
        logging.getLogger("somebody.else").info("chatter")
        logging.getLogger("somebody.else").warning("unstable")
        yield new_report(1)
        raise self.error


def log_of(directory: Path) -> str:
    return (directory / TRIAL_LOG_NAME).read_text()


def test_progress_is_logged_and_the_reports_are_the_same(tmp_path):
    inner = TrainingEvaluator(digits(train=120, validation=60))

    def untimed(reports: list[EpochReport]) -> list[EpochReport]:
        return [replace(each, train_seconds=0.0, validate_seconds=0.0) for each in reports]

    plain = list(inner.evaluate(new_task(tmp_path / "plain", epochs=2)))
    logged = list(LoggedEvaluator(inner).evaluate(new_task(tmp_path / "logged", epochs=2)))
    assert untimed(logged) == untimed(plain)
    first, *epochs = log_of(tmp_path / "logged").splitlines()
    assert "trial 0: 2 epochs, 0 of them recorded before" in first
    assert [f"INFO epoch {n} of 2: accuracy" in line for n, line in enumerate(epochs, 1)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("error", [TrialInfeasibleError("out of memory: 2 GiB"), KeyError("w")])
def test_what_is_printed_warned_of_and_logged_is_kept_with_the_reason_of_failure(
    tmp_path, error, capsys
):
    reports = LoggedEvaluator(Talkative(error)).evaluate(new_task(tmp_path))
    next(reports)
    print("not of the trial")  # noqa: T201
    with pytest.raises(type(error)):
        next(reports)
    log = log_of(tmp_path)
    for text in ("PRINT building", "PRINT half a line", "UserWarning: kernel is slow"):
        assert log.count(text) == 1, text
    assert log.count("INFO learning rate 0.1") == 1
    assert "WARNING unstable" in log and "chatter" not in log
    assert f"ERROR {type(error).__name__}: {error}" in log
    assert "Traceback" in log and "raise self.error" in log
    assert capsys.readouterr().out == "not of the trial\n"
    assert all(len(line.split()[0]) == 24 for line in log.splitlines() if line.startswith("20"))


def test_interrupted_trial_goes_on_in_the_same_log(tmp_path):
    evaluator = LoggedEvaluator(TrainingEvaluator(digits(train=120, validation=60)))
    next(evaluator.evaluate(new_task(tmp_path)))
    list(evaluator.evaluate(new_task(tmp_path, recorded=1)))
    lines = log_of(tmp_path).splitlines()
    assert [line.split("INFO ")[1].split(":")[0] for line in lines] == [
        "trial 0",
        "epoch 1 of 3",
        "trial 0",
        "epoch 2 of 3",
        "epoch 3 of 3",
    ]
    evaluator.release(new_task(tmp_path))
    assert (tmp_path / TRIAL_LOG_NAME).exists()
