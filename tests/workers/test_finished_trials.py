"""What Tune's controller keeps, seen from within a run of many trials."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from ray.tune.experiment import Trial

from nas.resources import Resources
from nas.status import TrialStatus
from tests.nas.factories import add_job, new_database, new_loop
from tests.nas.test_search import trials_of
from tests.workers.test_tuning import CurveEvaluator, cluster  # noqa: F401
from workers import tuning

pytestmark = pytest.mark.slow


def test_tune_keeps_no_more_trials_than_are_under_way(tmp_path, monkeypatch):
    database = new_database(tmp_path)
    kept: list[int] = []
    alive: list[int] = []

    def forget_and_count(controller: Any) -> None:
        forget_finished(controller)
        alive.append(sum(isinstance(each, Trial) for each in gc.get_objects()))
        kept.append(
            max(
                len(controller._trials),
                len(controller._stopped_trials),
                len(controller._trials_to_cache),
                len(controller._pending_trials_list),
                len(controller._live_trials),
            )
        )

    forget_finished = tuning.forget_finished
    monkeypatch.setattr(tuning, "forget_finished", forget_and_count)
    job_id = add_job(database, trials=25, space="chain", space_options={"layers": 2})
    tuning.run_trials(new_loop(database, job_id), CurveEvaluator(), Resources(), lambda: False)
    assert [trial.status for trial in trials_of(database, job_id)] == [TrialStatus.COMPLETED] * 25
    assert len(kept) == 25
    assert max(alive) <= 12
    assert max(kept[5:]) <= 8  # two under way, those ahead of them, and those just ended
    database.close()
